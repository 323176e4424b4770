"""What importing others' files says."""

TEXTS = {
    "there is no [[inputs.modbus]]": "没有 [[inputs.modbus]]",
    "give a Telegraf configuration that reads Modbus": "请给出读取 Modbus 的 Telegraf 配置",
    "another device with {count} fields: use --unit {unit}": "另一台设备, 有 {count} 个字段: 请用 --unit {unit}",
    "Telegraf knows none, nor valid ranges: add them to each point from the manual": (
        "Telegraf 没有单位和有效范围: 请按说明书给每个测点补上"
    ),
    "its addresses do not follow each other": "地址不连续",
    "a text in {order} order: its letters may come swapped": "按 {order} 次序的文本: 字母可能颠倒",
    "there is no type {type} here": "这里没有类型 {type}",
    "belongs to [[lines]] of the site file: {told}": "应写在站点文件的 [[lines]] 里: {told}",
    "has no place in a profile": "点表里没有它的位置",
    "is no device template: there is no device.channels": "不是设备模板: 没有 device.channels",
    "give a file of wb-mqtt-serial-templates": "请给出 wb-mqtt-serial-templates 中的文件",
    "speaks {protocol}, not Modbus": "使用 {protocol}, 而不是 Modbus",
    "there is no driver for it here": "这里没有它的驱动",
    "the template knows no ranges of readings: add them from the manual": "模板没有读数范围: 请按说明书补上",
    "is too large for a template": "太大, 不像是模板",
    "give one device's file": "请给出一台设备的文件",
    "is a Jinja template": "是 Jinja 模板",
    "render it to JSON first, as Wiren Board's build does": "请先像 Wiren Board 那样把它展开成 JSON",
    "is not JSON: {reason}": "不是 JSON: {reason}",
    "check the file": "请检查文件",
    "is made of several registers or of another device": "由几个寄存器或另一台设备组成",
    "there is no register type {type} here": "这里没有寄存器类型 {type}",
    "address {address} cannot be read here": "无法读取地址 {address}",
    "is there only on some devices: kept, drop it if yours has none": "只有部分设备才有: 已保留, 没有的话请去掉",
    "there is no format {form} here": "这里没有格式 {form}",
    "unit {unit} is not among ours: the point is kept without one": "单位 {unit} 不在可用之列: 测点保留, 不带单位",
    "round_to {step} is not applied: readings keep all they have": "round_to {step} 不采用: 读数保持原有精度",
}
