"""What the demo says, in Chinese by its English."""

ZH = {
    "Setting up a town: water, twelve hydrants, a broker, a platform ...": "正在搭建小镇: 供水管网, 十二个消火栓, 消息服务器, 平台 ...",
    "mosquitto is not installed: an embedded broker (amqtt, MQTT 3.1.1) stands in for it": "未安装 mosquitto: 由内置消息服务器 (amqtt, MQTT 3.1.1) 代替",
    "a second terminal can ask it:  {command}": "可在另一个终端查询: {command}",
    " c cut the wire  p stop the platform  x kill the agent  q end": " c 切断线路  p 停掉平台  x 杀掉程序  q 结束",
    "H07 is dead, H05 tells nonsense; fire near {place} in {seconds} s": "H07 已失联, H05 乱报数; {seconds} 秒后 {place} 附近起火",
    "fire near {place}: three hydrants drawn from": "{place} 附近起火: 三个消火栓在出水",
    "the street's wire is CUT": "街道线路已切断",
    "the platform is GONE": "平台已停",
    "the agent was killed {count} times": "程序被杀 {count} 次",
    "the nest opens for the drone": "机巢开舱",
    "the drone takes off": "无人机起飞",
    "the drone flies to the fire": "无人机飞往火场",
    "the drone is over the fire": "无人机到达火场上空",
    "the drone flies home": "无人机返航",
    "the drone is clamped in its nest": "无人机回巢固定",
    "the nest closes over the drone": "机巢关舱",
    "nest {nest}: {phase}": "机巢 {nest}: {phase}",
    "the agent is being started ...": "程序正在启动 ...",
    "{read} read  {committed} kept  {received} received": "读取 {read}  留存 {committed}  平台收到 {received}",
    "serviceable {serviceable} of {total}, not {not_serviceable}, unknown {unknown}": "完好 {serviceable}/{total}, 不完好 {not_serviceable}, 未知 {unknown}",
    "nearest that work: {found}": "最近可用: {found}",
    "the fire centre heard: {heard}": "监控中心收到: {heard}",
    "waiting until everything has arrived ...": "等待全部送达 ...",
    "The account": "账目",
    "values read from the sensors": "从传感器读到的数值",
    "worth keeping, committed to SQLite": "值得保留并写入 SQLite",
    "forwarded and confirmed": "已转发并得到确认",
    "received by the platform": "平台收到",
    "events among them": "其中事件",
    "repeats dropped by the receiver's rule": "按接收规则去掉的重复消息",
    "lost": "丢失",
    "agent killed": "程序被杀次数",
    "ended with {lost} lost: that must not be": "结束时丢失 {lost}: 不应如此",
    "the world fell over: {why}": "模拟世界出错: {why}",
    "--for: write a time such as 60s or 2m, not {text}": "--for: 请写 60s 或 2m 这样的时间, 而不是 {text}",
}


def say(language: str, text: str, /, **facts: object) -> str:
    """`text` in the language with its facts filled in."""
    return (ZH[text] if language == "zh" else text).format(**facts)
