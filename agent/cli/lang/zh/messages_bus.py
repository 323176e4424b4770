"""What traffic on a Modbus line, described, says; see `messages.py`."""

TEXTS = {
    "holding": "holding",  # a table, not a phase of a flight
    "{n} bytes, no checksum": "{n} 字节, 没有正确的校验",
    "function {code}: exception {why}": "功能码 {code}: 异常 {why}",
    "{table}: {n} registers {bytes}": "{table}: {n} 个寄存器 {bytes}",
    "{table}: {n} bytes of bits {bytes}": "{table}: {n} 字节的位 {bytes}",
    "read {table} {address}, {n} of them": "读 {table} {address} 起 {n} 个",
    "write {table} {address} = {number}": "写 {table} {address} = {number}",
    "write {table} {address}, {n} of them": "写 {table} {address} 起 {n} 个",
    "function {code}, {n} bytes": "功能码 {code}, {n} 字节",
}
