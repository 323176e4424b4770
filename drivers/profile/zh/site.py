"""What a site file says: lines, devices, uplinks, nests, flights, rules."""

TEXTS = {
    # lines, devices, uplinks
    "'{have}' is there but '{lack}' is missing": "有“{have}”却没有“{lack}”",
    "write both or neither": "两个都写, 或都不写",
    "the password would go over the wire in clear": "密码会以明文在网上传输",
    'set security and mode = "sign_and_encrypt", or write allow_plain = true': (
        '请设置 security 和 mode = "sign_and_encrypt", 或者写 allow_plain = true'
    ),
    "add tls = {{ … }}, or write allow_plain = true": "请加上 tls = {{ … }}, 或者写 allow_plain = true",
    "fetch the server's certificate once with 'hydronest opcua trust' and name the file": (
        "请先用 hydronest opcua trust 取得服务器证书, 再写上文件名"
    ),
    "{value} is no unit": "{value} 不是设备地址",
    "write the Modbus unit id from 0 to 255, or the OPC UA name that stands for {{unit}}": (
        "请写 0 到 255 的 Modbus 设备地址, 或代替 {{unit}} 的 OPC UA 名称"
    ),
    "{unit} is no Modbus unit id": "{unit} 不是 Modbus 设备地址",
    "write a whole number from 1 to 247": "请写 1 到 247 的整数",
    "lon and lat are swapped": "经度和纬度写反了",
    "write lon = {lat}, lat = {lon}": "请写 lon = {lat}, lat = {lon}",
    "'{id}' is taken by {other}": "“{id}”已被 {other} 使用",
    "write an id of its own": "请另起一个编号",
    "{wire} belongs to line '{line}' already": "{wire} 已属于线路“{line}”",
    "hang the devices on line '{line}', or write the other port": "请把设备挂到线路“{line}”上, 或改写端口",
    "unit {unit} on line '{line}' is '{device}' already": "线路“{line}”上的地址 {unit} 已是“{device}”",
    "write the unit the device is set to (lowest not used: {free})": "请写设备上设定的地址 (未用的最小地址: {free})",
    "there is no {noun} '{name}'": "没有{noun}“{name}”",
    "write '{near}' (there are {known})": "请写 '{near}' (已有: {known})",
    "write one of {known}, or add it": "请从 {known} 中选一个, 或补上它",
    "add it, or drop this key": "请补上它, 或去掉这个键",
    "line": "线路",
    "station": "消防站",
    "point": "测点",
    "there is no nest profile '{name}'": "没有机巢配置“{name}”",
    "write one of {names}, or the path of a .toml file": "请从 {names} 中选一个, 或写 .toml 文件的路径",
    "there is no profile '{name}'": "没有点表“{name}”",
    "put {name}.toml into a folder of gateway.profiles": "请把 {name}.toml 放进 gateway.profiles 所列的文件夹",
    "the file is named {name} but calls itself {called}": "文件名是 {name}, 里面却写着 {called}",
    'write "{name}"': '请写 "{name}"',
    "profile '{name}' speaks {protocol}, line '{line}' is {kind}": (
        "点表“{name}”用 {protocol}, 而线路“{line}”是 {kind}"
    ),
    "write another profile or another line": "请换一个点表或线路",
    "'{point}' is not a measured number": "“{point}”不是测量值",
    "drop the offset": "请去掉这个偏移",
    "nothing hangs on line '{line}'": "线路“{line}”上没有设备",
    "{port} can be another adapter after a restart": "{port} 重启后可能变成另一个适配器",
    "write its name under /dev/serial/by-id/": "请写 /dev/serial/by-id/ 下的名称",
    "{at} ({type}) shares a register with '{other}'": "{at} ({type}) 与“{other}”共用寄存器",
    "a float32 takes two registers: check both places": "float32 占两个寄存器: 请核对两处地址",
    "events would take more than half of the journal": "事件会占去存储的一半以上",
    "write at most {most}": "请写不超过 {most} 的数",
    "device": "设备",
    "nest": "机巢",
    "aircraft": "无人机",
    "there is no event '{value}'": "没有事件“{value}”",
    "component_address {address} is the seat of '{other}'": "部件地址 {address} 已是“{other}”的",
    "write one of its own": "请另写一个",
    "add devices or drop the line": "请加上设备, 或去掉这条线路",
    "line '{line}' will be busy up to {percent} % of the time, should its devices take their longest": (
        "线路“{line}”的时间最多将占用 {percent} % (设备响应最慢时)"
    ),
    "line '{line}' would have to be busy {percent} % of the time": "线路“{line}”的时间要占用 {percent} %, 读不过来",
    "read less often (poll_s), raise baud, or move devices to another line; '{device}' takes most, {share} %": (
        "请降低读取频率 (poll_s)、提高 baud, 或把设备移到别的线路; “{device}”占用最多: {share} %"
    ),
    "profile '{name}' is for {other}, not {kind}": "点表“{name}”用于 {other}, 而不是 {kind}",
    'write kind = "{other}", or another profile': '请写 kind = "{other}", 或换一个点表',
    "a {kind} needs '{point}', profile '{name}' has none": "{kind} 类设备需要测点“{point}”, 点表“{name}”里没有",
    "add [points.{point}] to the profile, or rename the point that is it (it has {known})": (
        "请在点表里加上 [points.{point}], 或把对应的测点改成这个名字 (现有: {known})"
    ),
    "in profile '{name}', '{point}' of a {kind} measures {quantity}, not {unit}": (
        "点表“{name}”中, {kind} 类设备的“{point}”应是{quantity}, 不能用单位 {unit}"
    ),
    "write a unit such as {fits}, or give the point another name": "请换成这些单位之一: {fits}; 或给测点改名",
    "give the point another name": "请给测点改名",
    "bit '{bit}' of profile '{name}' raises no event of a {kind}": (
        "点表“{name}”的位“{bit}”不对应 {kind} 类设备的任何事件"
    ),
    "write '{near}' if it is meant": "如果是指 '{near}', 请改成它",
    "pressure": "压力",
    "temperature": "温度",
    "flow": "流量",
    "volume": "体积",
    "length": "长度",
    "speed": "速度",
    "voltage": "电压",
    "angle": "角度",
    "share": "百分比",
    "signal": "信号强度",
    "there is no file {path}": "没有文件 {path}",
    "put it there, or write where it is": "请放好文件, 或写出它的位置",
    "{path} is a secret everyone can read": "{path} 是机密文件, 却人人可读",
    "chmod 640 {path}": "请执行 chmod 640 {path}",
    # nests and flights
    "there are two keys '{id}'": "有两个密钥叫“{id}”",
    "a nest's PLC speaks Modbus, line '{line}' is opcua": "机巢的 PLC 使用 Modbus, 线路“{line}”是 opcua",
    "write a Modbus line": "请写一条 Modbus 线路",
    "'{aircraft}' lives in nest '{nest}' already": "“{aircraft}”已属于机巢“{nest}”",
    "write another aircraft": "请写另一架无人机",
    "no nest has aircraft '{aircraft}'": "没有机巢使用无人机“{aircraft}”",
    "name it in a nest or drop it": "请在机巢中写上它, 或删去它",
    "'{other}' has system_id {system_id} on this url already": "“{other}”在此地址上已使用 system_id {system_id}",
    "write the id the autopilot is set to": "请写飞控实际设置的编号",
    "{value} is no aircraft address": "{value} 不是无人机地址",
    "write udpin://0.0.0.0:14550, tcpout://HOST:PORT or serial:///dev/serial/by-id/NAME:57600": (
        "请写 udpin://0.0.0.0:14550、tcpout://主机:端口 或 serial:///dev/serial/by-id/名称:57600"
    ),
    "{value} is no Ed25519 public key": "{value} 不是 Ed25519 公钥",
    "write its 32 bytes in base64, 44 characters": "请写 32 字节的 base64, 共 44 个字符",
    "{value} is no time of day": "{value} 不是一天中的时刻",
    "write hours and minutes such as 08:00": "请写时和分, 例如 08:00",
    "{n} corners make no fence": "{n} 个角点不能围成电子围栏",
    "write at least three [lon, lat]": "请至少写三个 [经度, 纬度]",
    "a nest has no point {name}": "机巢没有测点 {name}",
    "write one of {names}": "请从中选一个: {names}",
    "the point {name} is missing": "缺少测点 {name}",
    "no flight is safe without it": "没有它就不能安全飞行",
    "the verb {name} is missing": "缺少动作 {name}",
    "give its code": "请写出它的指令码",
    "the motion {name} needs a least_s above 0 and below within_s": "动作 {name} 需要 least_s, 大于 0 且小于 within_s",
    "write nine tenths of the shortest time measured from switch to switch": "实测两端开关之间的最短秒数, 写其十分之九",
    # rules of one's own
    "clear ({clear}) must not be below limit ({limit})": "clear ({clear}) 不能低于 limit ({limit})",
    "clear ({clear}) must not be above limit ({limit})": "clear ({clear}) 不能高于 limit ({limit})",
    "fire_limit ({fire}) must not be above limit ({limit})": "fire_limit ({fire}) 不能高于 limit ({limit})",
    "least_values ({least}) is more than window_min ({window}) can hold": (
        "least_values ({least}) 多于 window_min ({window}) 能容纳的数目"
    ),
    "write {limit} or more": "请写不小于 {limit} 的数",
    "write {limit} or less": "请写不大于 {limit} 的数",
    "write {window} or less": "请写不大于 {window} 的数",
    "two entries are called {names}": "有两项都叫 {names}",
}
