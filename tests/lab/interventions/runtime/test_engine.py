import logging
import logging.handlers
import subprocess
import sys
import warnings
from contextlib import nullcontext

import pytest

from undertow.lab.interventions.runtime._engine import loading_quietly, quiet

pytestmark = pytest.mark.heavy


def test_quiet_ends_where_it_is_left(capsys, monkeypatch):
    heard = logging.handlers.BufferingHandler(10)
    monkeypatch.setattr(logging.getLogger("engine"), "handlers", [heard])
    monkeypatch.setattr(logging.root, "level", logging.WARNING)
    with quiet():
        warnings.warn("of the engine", stacklevel=1)
        logging.getLogger("engine").warning("of the engine")
        logging.root.setLevel(logging.ERROR)  # as OpenVINO's conversion does
        print("progress")
    logging.getLogger("engine").warning("afterwards")
    assert [record.getMessage() for record in heard.buffer] == ["afterwards"]
    assert capsys.readouterr().out == ""
    with pytest.warns(UserWarning, match="afterwards"):
        warnings.warn("afterwards", stacklevel=1)


def test_what_torchao_logs_as_it_is_loaded_is_not_heard_and_all_else_is(monkeypatch):
    heard = logging.handlers.BufferingHandler(10)
    names = ("torchao", "torch.utils._pytree", "mine")
    for name in names:
        monkeypatch.setattr(logging.getLogger(name), "handlers", [heard])
    for where in (loading_quietly, nullcontext):
        with where():
            for name in names:
                logging.getLogger(name).warning(f"{name} in {where.__name__}")
    logging.getLogger("torchao").error("broken")
    assert [record.getMessage() for record in heard.buffer] == [
        "mine in loading_quietly", *(f"{name} in nullcontext" for name in names), "broken",
    ]  # fmt: skip


def test_quiet_ends_with_an_error_too():
    with pytest.raises(KeyError), quiet():
        raise KeyError
    assert logging.root.manager.disable == logging.NOTSET


def test_engines_are_loaded_late_and_openvino_without_what_reports_its_use():
    code = (
        "import sys\n"
        "from undertow.lab.interventions.runtime.openvino_static import unreported\n"
        "print({'torchao', 'onnx', 'onnxruntime', 'openvino', 'nncf'} & set(sys.modules))\n"
        "with unreported():\n"
        "    import openvino.tools.ovc, nncf\n"
        "from nncf.telemetry.wrapper import telemetry\n"
        "print('openvino_telemetry' in sys.modules, openvino.tools.ovc.telemetry.__module__, "
        "type(telemetry).__name__)"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert shown == "set()\nFalse openvino.tools.ovc.telemetry_stub MagicMock\n"
