import logging
import logging.handlers
import subprocess
import sys
import warnings

import pytest

from undertow.lab.interventions.runtime._engine import quiet

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
