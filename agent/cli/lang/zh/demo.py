"""What `hydronest demo` says before the demo itself speaks."""

TEXTS = {
    "the demo's aircraft needs pymavlink, which is not installed": "演示用的无人机需要 pymavlink, 但没有安装",
    "Install it: pip install 'hydronest[hil]'": "请安装: pip install 'hydronest[hil]'",
    "the demo needs a broker, and neither mosquitto nor amqtt is installed": (
        "演示需要 MQTT 代理, 但 mosquitto 和 amqtt 都没有安装"
    ),
    "Install one: sudo apt install mosquitto (or pip install 'hydronest[hil]')": (
        "请安装其一: sudo apt install mosquitto (或 pip install 'hydronest[hil]')"
    ),
}
