"""Where members are trained: here, in processes beside this one, on a cluster. They own no
maths."""
