"""What `hydronest near` says."""

TEXTS = {
    "nothing that works within {radius} m": "{radius} 米之内没有完好的",
    "nearest working hydrants and water points, with what they give": "最近的完好消火栓和取水点及其流量",
    "degrees: 118.8718,28.9417": "经纬度: 118.8718,28.9417",
    "how far to look; 2000 m otherwise": "查找半径; 默认 2000 米",
    "how many; 20 otherwise": "最多几个; 默认 20",
    "those that give this much together (supply)": "列出合计供得上这个流量的那些 (同 supply)",
    "those that do not work too": "不完好的也列出",
    "print GeoJSON for a map": "输出 GeoJSON 供地图使用",
    "--radius takes 1 to 100000 m, --most 1 to 1000, --flow up to 10000 L/s": "--radius 取 1 到 100000 米, --most 取 1 到 1000, --flow 不超过 10000 L/s",
}
