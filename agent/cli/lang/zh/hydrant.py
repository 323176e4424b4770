"""What `hydronest hydrant` says."""

TEXTS = {
    "{name} may be several: {ids}": "{name} 可能是其中之一: {ids}",
    "Name it by its id.": "请写编号。",
    "every hydrant and water point with its newest value": "全部消火栓和取水点及其最新读数",
    "everything known of one": "一个设备的全部信息",
    "station": "消防站",
    "place": "位置",
}
