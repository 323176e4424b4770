"""The report in Chinese. The English text is the key; a test holds that none is missing."""

from typing import Final

ZH: Final[dict[str, str]] = {
    "doubtful": "存疑",
    # what the file itself says
    "there is no such file": "没有这个文件",
    "check the path": "请检查路径",
    "is larger than {mb} MB": "大于 {mb} MB",
    "give the settings file, not data": "请给出配置文件，而不是数据文件",
    "is not UTF-8 text": "不是 UTF-8 文本",
    "save it as UTF-8": "请另存为 UTF-8",
    "cannot be read: {reason}": "无法读取：{reason}",
    "check its owner and mode": "请检查文件的所有者和权限",
    "TOML syntax: {detail}": "TOML 语法：{detail}",
    'write ASCII quotes, commas and = ("", not “”)': '请用英文半角的引号、逗号和等号（"" 而不是 “”）',
    'write key = value; texts stand in quotes ("…"), numbers and true/false without': (
        '请写成 键 = 值；文字要加引号（"…"），数字和 true/false 不加'
    ),
    "write [table], [[list]] or key = value": "请写成 [表]、[[列表]] 或 键 = 值",
    # keys and values
    "unknown key '{key}'": "没有“{key}”这个键",
    "write '{near}'": "请写“{near}”",
    "known keys are {known}": "可用的键：{known}",
    "'{key}' is missing": "缺少“{key}”",
    "{value} is not known": "不认识 {value}",
    'write "{near}" (there are {known})': "请写“{near}”（可选：{known}）",
    "write one of {known}": "请从中选一个：{known}",
    "{value} does not fit": "{value} 不符合要求",
    "{value} is not a text": "{value} 不是文字",
    "{value} is not a path": "{value} 不是路径",
    "write a path in quotes": "请写加引号的路径",
    "write {noun}": "请写{noun}",
    "write {noun} from {least} to {most}": "请写 {least} 到 {most} 之间的{noun}",
    "write {noun}, {least} or more": "请写不小于 {least} 的{noun}",
    "write {noun} greater than {least}": "请写大于 {least} 的{noun}",
    "write a text such as '{example}'": "请写文字，例如“{example}”",
    "write a whole number or a text": "请写整数或文字",
    "a whole number": "整数",
    "a number": "数字",
    "a text": "文字（加引号）",
    "true or false": "true 或 false",
    "a list […]": "列表 […]",
    "a table": "表",
    "two numbers [least, most]": "两个数 [最小, 最大]",
    "another value": "别的值",
    "write letters, digits, '.', '_' and '-', at most 40": "请用字母、数字、“.”、“_”和“-”，最多 40 个",
    "write small letters, digits and _, a letter first, at most 40": "请用小写字母、数字和 _，以字母开头，最多 40 个",
    "write a host name or an IP address, without port or path": "请写主机名或 IP 地址，不带端口和路径",
    "write opc.tcp://HOST:PORT/PATH": "请写 opc.tcp://主机:端口/路径",
    "write a topic without +, # and spaces": "请写不含 +、# 和空格的主题",
    "there is no time zone {value}": "没有 {value} 这个时区",
    "write a name such as Asia/Shanghai": "请写时区名，例如 Asia/Shanghai",
    # lines, devices, uplinks
    "'{have}' is there but '{lack}' is missing": "有“{have}”却没有“{lack}”",
    "write both or neither": "两个都写，或都不写",
    "the password would go over the wire in clear": "口令会以明文在网上传输",
    'set security and mode = "sign_and_encrypt", or write allow_plain = true': (
        '请设置 security 和 mode = "sign_and_encrypt"，或者写 allow_plain = true'
    ),
    "add tls = {{ … }}, or write allow_plain = true": "请加上 tls = {{ … }}，或者写 allow_plain = true",
    "fetch the server's certificate once with 'hydronest opcua trust' and name the file": (
        "请先用 hydronest opcua trust 取得服务器证书，再写上文件名"
    ),
    "{value} is no unit": "{value} 不是单元号",
    "write the Modbus unit id from 0 to 255, or the OPC UA name that stands for {{unit}}": (
        "请写 0 到 255 的 Modbus 站号，或代替 {{unit}} 的 OPC UA 名称"
    ),
    "{unit} is no Modbus unit id": "{unit} 不是 Modbus 站号",
    "write a whole number from 1 to 247": "请写 1 到 247 的整数",
    "lon and lat are swapped": "经度和纬度写反了",
    "write lon = {lat}, lat = {lon}": "请写 lon = {lat}, lat = {lon}",
    "'{id}' is taken by {other}": "“{id}”已被 {other} 使用",
    "write an id of its own": "请另起一个编号",
    "{wire} belongs to line '{line}' already": "{wire} 已属于线路“{line}”",
    "hang the devices on line '{line}', or write the other port": "请把设备挂到线路“{line}”上，或改写端口",
    "unit {unit} on line '{line}' is '{device}' already": "线路“{line}”上的站号 {unit} 已是“{device}”",
    "write the unit the device is set to (lowest not used: {free})": "请写设备上设定的站号（未用的最小站号：{free}）",
    "there is no {noun} '{name}'": "没有“{name}”这个{noun}",
    "write '{near}' (there are {known})": "请写“{near}”（已有：{known}）",
    "write one of {known}, or add it": "请从 {known} 中选一个，或补上它",
    "line": "线路",
    "station": "消防站",
    "point": "测点",
    "there is no profile '{name}'": "没有“{name}”这个设备模板",
    "put {name}.toml into a folder of gateway.profiles": "请把 {name}.toml 放进 gateway.profiles 所列的文件夹",
    "the file is named {name} but calls itself {called}": "文件名是 {name}，里面却写着 {called}",
    'write "{name}"': "请写“{name}”",
    "profile '{name}' speaks {protocol}, line '{line}' is {kind}": (
        "设备模板“{name}”用 {protocol}，而线路“{line}”是 {kind}"
    ),
    "write another profile or another line": "请换一个设备模板或线路",
    "'{point}' is not a measured number": "“{point}”不是测量值",
    "drop the offset": "请去掉这个偏移",
    "nothing hangs on line '{line}'": "线路“{line}”上没有设备",
    "add devices or drop the line": "请加上设备，或去掉这条线路",
    "line '{line}' will be busy {percent} % of the time": "线路“{line}”将有 {percent} % 的时间被占用",
    "line '{line}' would have to be busy {percent} % of the time": "线路“{line}”需要 {percent} % 的时间，装不下",
    "read less often (poll_s), raise baud, or move devices to another line; '{device}' takes most, {share} %": (
        "请降低读取频率（poll_s）、提高 baud，或把设备移到别的线路；“{device}”占用最多：{share} %"
    ),
    "profile '{name}' is for {other}, not {kind}": "设备模板“{name}”用于 {other}，而不是 {kind}",
    'write kind = "{other}", or another profile': "请写 kind = “{other}”，或换一个设备模板",
    "a {kind} needs '{point}', profile '{name}' has none": "{kind} 需要测点“{point}”，设备模板“{name}”里没有",
    "add [points.{point}] to the profile, or rename the point that is it (it has {known})": (
        "请在设备模板里加上 [points.{point}]，或把对应的测点改成这个名字（现有：{known}）"
    ),
    "in profile '{name}', '{point}' of a {kind} measures {quantity}, not {unit}": (
        "设备模板“{name}”中，{kind} 的“{point}”应是 {quantity}，不能用单位 {unit}"
    ),
    "write a unit such as {fits}, or give the point another name": "请换成这些单位之一：{fits}；或给测点改名",
    "give the point another name": "请给测点改名",
    "bit '{bit}' of profile '{name}' raises no event of a {kind}": (
        "设备模板“{name}”的位“{bit}”不对应 {kind} 的任何事件"
    ),
    "write '{near}' if it is meant": "如果是指“{near}”，请改成它",
    "pressure": "压力",
    "temperature": "温度",
    "flow": "流量",
    "volume": "体积",
    "length": "长度",
    "speed": "速度",
    "voltage": "电压",
    "angle": "角度",
    "there is no file {path}": "没有文件 {path}",
    "put it there, or write where it is": "请放好文件，或写出它的位置",
    "{path} is a secret everyone can read": "{path} 是机密，却人人可读",
    "chmod 640 {path}": "请执行 chmod 640 {path}",
    # profiles
    "write the file's path without .toml, such as hydrant/terminal-float": (
        "请写不带 .toml 的文件路径，例如 hydrant/terminal-float"
    ),
    "'{text}' is no place in a Modbus table": "“{text}”不是 Modbus 表中的位置",
    "write 'coil|discrete|input|holding NUMBER[.BIT]', such as 'holding 20' or 'input 4.3'": (
        "请写“coil|discrete|input|holding 地址[.位]”，例如“holding 20”或“input 4.3”"
    ),
    "'{text}' is the manual's notation": "“{text}”是说明书上的写法",
    "write '{word} {number}' with first_register = 1, or '{word} {below}' with first_register = 0": (
        "first_register = 1 时请写“{word} {number}”，first_register = 0 时请写“{word} {below}”"
    ),
    "address {number} is too large": "地址 {number} 太大",
    "write a number up to {most}": "请写不超过 {most} 的数",
    "a {table} is already one bit": "{table} 本身就是一位",
    "write '{table} {number}'": "请写“{table} {number}”",
    "a register has no bit {bit}": "寄存器没有第 {bit} 位",
    "write a bit from 0 to 15": "请写 0 到 15 的位",
    "'{text}' is no range of addresses": "“{text}”不是地址范围",
    "write 'TABLE FIRST-LAST', such as 'input 10-19'": "请写“表 起-止”，例如“input 10-19”",
    "write the smaller address first, both up to {most}": "小的地址写在前面，都不超过 {most}",
    "'{text}' is no OPC UA node": "“{text}”不是 OPC UA 节点",
    "'{text}' names its namespace by an index, which changes when the server restarts": (
        "“{text}”用序号表示命名空间，服务器重启后序号会变"
    ),
    "write 's=NAME', 'i=NUMBER', or 'nsu=NAMESPACE-URI;s=NAME'": "请写“s=名称”、“i=数字”或“nsu=命名空间URI;s=名称”",
    "'{text}' is no type": "“{text}”不是数据类型",
    "write one of {known}, bool, or 'string N' with N registers, 1 to {most}": (
        "请从 {known}、bool 中选一个，或写“string N”，N 为寄存器数，1 到 {most}"
    ),
    "{value} is not a unit": "{value} 不是可用的单位",
    "'{key}' is not a number": "“{key}”不是数字",
    'write a number and a name, such as 0 = "leak"': '请写数字和名称，例如 0 = "leak"',
    "enum and bits cannot both be the meaning": "enum 和 bits 不能同时使用",
    "drop one": "请去掉一个",
    "enum and bits name raw numbers": "enum 和 bits 针对原始值",
    "drop scale, offset, valid and counter": "请去掉 scale、offset、valid 和 counter",
    "scale 0 makes every value the same": "scale 为 0 会使所有值相同",
    "drop it or write the real factor": "请去掉它，或写真实的系数",
    "valid = [{least}, {most}] lets nothing through": "valid = [{least}, {most}] 会拒绝所有值",
    "write the smaller number first": "请把小的数写在前面",
    "there is no such bit": "没有这样的位",
    "write bit numbers from 0 to 63": "请写 0 到 63 的位号",
    "{at} is one bit, not a {type}": "{at} 是一位，不是 {type}",
    "drop the type": "请去掉 type",
    "{at} is a whole register": "{at} 是整个寄存器",
    "add a type such as uint16, or a bit: '{at}.0'": "请加上类型如 uint16，或写出位：“{at}.0”",
    "a {type} is not a number": "{type} 不是数字",
    "drop scale, offset, counter, valid, invalid, enum and bits": (
        "请去掉 scale、offset、counter、valid、invalid、enum 和 bits"
    ),
    "enum and bits need a whole number": "enum 和 bits 需要整数",
    "write a type such as uint16": "请写 uint16 之类的类型",
    "{type} has no bit {bit}": "{type} 没有第 {bit} 位",
    "write a wider type or drop the bit": "请换更宽的类型，或去掉这一位",
    "turnaround_ms is [least, most]": "turnaround_ms 应为 [最小, 最大]",
    "write milliseconds from 0 to 5000, the smaller first": "请写 0 到 5000 毫秒，小的在前",
    'poll = "alarm" takes {count} registers, {most} are allowed': (
        'poll = "alarm" 占用 {count} 个寄存器，最多 {most} 个'
    ),
    'move some points to poll = "fast"': '请把一些测点改成 poll = "fast"',
    "{at} is no address when first_register = {first}": "first_register = {first} 时没有 {at} 这个地址",
    "write numbers from {first}, or set first_register to how the manual counts": (
        "请从 {first} 开始编号，或按说明书改 first_register"
    ),
    "{type} takes more registers than one question": "{type} 占用的寄存器多于一次能读的数目",
    "raise max_registers: a value is never read in two questions": "请调大 max_registers：一个值不会分两次读",
    "{at} lies in the hole '{hole}'": "{at} 落在不可读区间“{hole}”内",
    "write the right address, or drop the hole": "请改正地址，或去掉这个区间",
    # tomllib's own words
    "Invalid value": "无效的值",
    "Invalid statement": "无效的语句",
    "Cannot overwrite a value": "重复的键",
    "Unterminated string": "字符串没有结束",
    "Unclosed array": "数组没有结束",
    "Unclosed inline table": "内联表没有结束",
    "Expected '=' after a key in a key/value pair": "键后面应有 =",
    "Expected newline or end of document after a statement": "语句后面应换行",
    "Expected ']' at the end of a table declaration": "表名后面应有 ]",
    "Expected ']]' at the end of an array declaration": "列表名后面应有 ]]",
    "Invalid initial character for a key part": "键的首字符无效",
    "Invalid date or datetime": "无效的日期或时间",
}
