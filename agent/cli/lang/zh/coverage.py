"""What `hydronest coverage` says."""

TEXTS = {
    "ground within reach of working hydrants, and its gaps": "完好消火栓覆盖的范围及缺口",
    "reach of a hydrant; the rules' 150 m otherwise": "消火栓的保护半径; 默认按规则 150 米",
    "GeoJSON polygon to be covered; the ground around all hydrants otherwise": "应覆盖区域的 GeoJSON 多边形; 默认为全部消火栓周围",
    "draw a map": "画出地图",
    "write the gaps": "写出缺口",
    "--radius takes 10 to 2000 m": "--radius 取 10 到 2000 米",
    "{share} of {area} ha lies within {radius} m of a working hydrant": "{area} 公顷中 {share} 在完好消火栓 {radius} 米之内",
    "{n} gaps, the largest {largest} ha": "{n} 处缺口, 最大 {largest} 公顷",
    "{name} working again would win {area} ha": "修复 {name} 可增加 {area} 公顷",
    "working out": "计算中",
    "{name}: {n} corners; an area may have {most}": "{name}: {n} 个顶点; 区域最多 {most} 个",
    "{name} holds no GeoJSON polygon": "{name} 里没有 GeoJSON 多边形",
}
