"""Interventions on arithmetic: the same training in other sums. One file each. The number format is
no intervention but ``Recipe.precision``.

Each is in force around the training of a member, and a member's answers on the test part are taken
outside, so they are computed alike in all arms; ``InstructionSet`` alone holds for a whole process.
"""

from undertow.lab.interventions.arithmetic.channel_permutation import ChannelPermutation
from undertow.lab.interventions.arithmetic.deterministic import Deterministic
from undertow.lab.interventions.arithmetic.instruction_set import InstructionSet
from undertow.lab.interventions.arithmetic.intra_op_threads import Threads
from undertow.lab.interventions.arithmetic.memory_format import MemoryFormat
from undertow.lab.interventions.arithmetic.micro_batches import MicroBatches
from undertow.lab.interventions.arithmetic.torch_compile import TorchCompile

__all__ = [
    "ChannelPermutation",
    "Deterministic",
    "InstructionSet",
    "MemoryFormat",
    "MicroBatches",
    "Threads",
    "TorchCompile",
]
