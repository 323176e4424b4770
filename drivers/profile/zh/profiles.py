"""What a device profile says."""

TEXTS = {
    "write the file's path without .toml, such as hydrant/terminal-float": (
        "请写不带 .toml 的文件路径, 例如 hydrant/terminal-float"
    ),
    "'{text}' is no place in a Modbus table": "“{text}”不是 Modbus 表中的位置",
    "write 'coil|discrete|input|holding NUMBER[.BIT]', such as 'holding 20' or 'input 4.3'": (
        "请写 'coil|discrete|input|holding 地址[.位]', 例如 'holding 20' 或 'input 4.3'"
    ),
    "'{text}' is the manual's notation": "“{text}”是说明书上的写法",
    "write '{word} {number}' with first_register = 1, or '{word} {below}' with first_register = 0": (
        "first_register = 1 时请写 '{word} {number}', first_register = 0 时请写 '{word} {below}'"
    ),
    "address {number} is too large": "地址 {number} 太大",
    "write a number up to {most}": "请写不超过 {most} 的数",
    "a {table} is already one bit": "{table} 本身就是一位",
    "write '{table} {number}'": "请写 '{table} {number}'",
    "a register has no bit {bit}": "寄存器没有第 {bit} 位",
    "write a bit from 0 to 15": "请写 0 到 15 的位",
    "'{text}' is no range of addresses": "“{text}”不是地址范围",
    "write 'TABLE FIRST-LAST', such as 'input 10-19'": "请写 '表 起-止', 例如 'input 10-19'",
    "write the smaller address first, both up to {most}": "小的地址写在前面, 都不超过 {most}",
    "'{text}' is no OPC UA node": "“{text}”不是 OPC UA 节点",
    "'{text}' names its namespace by an index, which changes when the server restarts": (
        "“{text}”用序号表示命名空间, 服务器重启后序号会变"
    ),
    "write 's=NAME', 'i=NUMBER', or 'nsu=NAMESPACE-URI;s=NAME'": "请写 's=名称'、'i=编号' 或 'nsu=命名空间URI;s=名称'",
    "'{text}' is no type": "“{text}”不是数据类型",
    "write one of {known}, bool, or 'string N' with N registers, 1 to {most}": (
        "请从 {known}、bool 中选一个, 或写 'string N', N 为寄存器数, 1 到 {most}"
    ),
    "{value} is not a unit": "{value} 不是可用的单位",
    "'{key}' is not a number": "“{key}”不是数",
    'write a number and a name, such as 0 = "leak"': '请写数和名称, 例如 0 = "leak"',
    "enum and bits cannot both be the meaning": "enum 和 bits 不能同时使用",
    "drop one": "请去掉一个",
    "enum and bits name raw numbers": "enum 和 bits 针对原始值",
    "drop scale, offset, valid and counter": "请去掉 scale、offset、valid 和 counter",
    "scale 0 makes every value the same": "scale 为 0 会使所有值相同",
    "drop it or write the real factor": "请去掉它, 或写真实的系数",
    "valid = [{least}, {most}] lets nothing through": "valid = [{least}, {most}] 会拒绝所有值",
    "write the smaller number first": "请把小的数写在前面",
    "there is no such bit": "没有这样的位",
    "write bit numbers from 0 to 63": "请写 0 到 63 的位号",
    "{at} is one bit, not a {type}": "{at} 是一位, 不是 {type}",
    "drop the type": "请去掉 type",
    "{at} is a whole register": "{at} 是整个寄存器",
    "add a type such as uint16, or a bit: '{at}.0'": "请加上类型如 uint16, 或写出位: '{at}.0'",
    "a {type} is not a number": "{type} 不是数",
    "drop scale, offset, counter, valid, invalid, enum and bits": (
        "请去掉 scale、offset、counter、valid、invalid、enum 和 bits"
    ),
    "enum and bits need a whole number": "enum 和 bits 需要整数",
    "write a type such as uint16": "请写 uint16 之类的类型",
    "{type} has no bit {bit}": "{type} 没有第 {bit} 位",
    "write a wider type or drop the bit": "请换更宽的类型, 或去掉这一位",
    "turnaround_ms is [least, most]": "turnaround_ms 应为 [最小, 最大]",
    "write milliseconds from 0 to 5000, the smaller first": "请写 0 到 5000 毫秒, 小的在前",
    'poll = "alarm" takes {count} registers, {most} are allowed': (
        'poll = "alarm" 占用 {count} 个寄存器, 最多 {most} 个'
    ),
    'move some points to poll = "fast"': '请把一些测点改成 poll = "fast"',
    "{at} is no address when first_register = {first}": "first_register = {first} 时没有 {at} 这个地址",
    "write numbers from {first}, or set first_register to how the manual counts": (
        "请从 {first} 开始编号, 或按说明书改 first_register"
    ),
    "{type} takes more registers than one question": "{type} 占用的寄存器多于一次能读的数目",
    "raise max_registers: a value is never read in two questions": "请调大 max_registers: 一个值不会分两次读",
    "{at} lies in the hole '{hole}'": "{at} 落在不可读区间“{hole}”内",
    "write the right address, or drop the hole": "请改正地址, 或去掉这个区间",
}
