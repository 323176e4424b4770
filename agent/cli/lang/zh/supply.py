"""What `hydronest supply` says."""

TEXTS = {
    "what is otherwise than in this GeoJSON of --geojson": "与此前 --geojson 写出的 GeoJSON 相比有何不同",
    "everything is as in the plan": "与预案一致",
    "degrees: 118.8718,28.9417": "经纬度: 118.8718,28.9417",
    "which hydrants together feed a flow at 0.10 MPa, yes or no, and what is missing": "在 0.10 MPa 下哪些消火栓合起来供得上某一流量, 行或不行, 还缺多少",
    "what is wanted; 490 and all levels otherwise": "所需流量; 默认 490 及全部等级",
    "for an hour of the day, 0 to 23; otherwise for now": "按一天中的某一小时 (0 到 23) 计算; 默认按现在",
    "how far to look; 1300 m at most": "查找半径; 最多 1300 米",
    "--radius takes 1 to 100000 m": "--radius 取 1 到 100000 米",
    "print GeoJSON for a map": "输出 GeoJSON 供地图使用",
    "--flow takes up to 10000 L/s, --hour 0 to 23": "--flow 不超过 10000 L/s, --hour 取 0 到 23",
}
