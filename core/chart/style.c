#include "core/chart/style.h"

#include <stddef.h>

/* Tones: Okabe and Ito's colours, on white darker where they would be too pale to read (3:1 at least). */
#define LIGHT                                                                                        \
    "--paper:#fdfdfc;--card:#fff;--ink:#1c2126;--soft:#59626b;--rule:#dfe3e6;--grid:#eceeef;"        \
    "--c0:#0072b2;--c1:#00866a;--c2:#4aa5dd;--c3:#c98000;--c4:#cc4c00;--c5:#b0588f;--c6:#8f7f00;"     \
    "--c7:#8a929a;--good:#e8f5f0;--note:#eef4fa;--warning:#fdf3e0;--broken:#fdeae4;"
#define DARK                                                                                         \
    "--paper:#14171a;--card:#1b1f23;--ink:#e8eaec;--soft:#a5adb5;--rule:#343a40;--grid:#272c31;"     \
    "--c0:#4a9fdc;--c1:#2fbf98;--c2:#8fd0f5;--c3:#f0b13a;--c4:#f0804a;--c5:#d78fbb;--c6:#e6d94a;"     \
    "--c7:#8b949d;--good:#16302a;--note:#182a3a;--warning:#362a12;--broken:#3d2018;"

const char *const sheet_style[] = {
    ":root{color-scheme:light dark;" LIGHT "}\n"
    "@media (prefers-color-scheme:dark){:root{" DARK "}}\n",

    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"
    "\"Segoe UI\",Roboto,\"Noto Sans\",\"DejaVu Sans\",sans-serif;font-variant-numeric:tabular-nums}\n"
    "header,main,footer{max-width:68rem;margin:0 auto;padding:0 1.25rem}\n"
    "header{padding-top:2.5rem;padding-bottom:.5rem}\n"
    "h1{font-size:2rem;line-height:1.2;letter-spacing:-.015em;margin:0 0 .3rem}\n"
    "h2{font-size:1.35rem;line-height:1.3;letter-spacing:-.01em;margin:0 0 .4rem}\n"
    "h3{font-size:1.05rem;line-height:1.35;margin:0}\n"
    "h4{font-size:.9rem;margin:.4rem 0 0;overflow-wrap:anywhere}\n"
    "p{margin:.3rem 0 .9rem;max-width:46rem}\n"
    "header p,.lead,figcaption p,.note,footer{color:var(--soft)}\n"
    "section{padding:1.6rem 0 .4rem;margin-top:1.2rem;border-top:1px solid var(--rule)}\n"
    "section:first-child{border-top:0;margin-top:0;padding-top:.8rem}\n"
    "footer{padding-top:1.5rem;padding-bottom:3rem;font-size:.85rem}\n",

    "figure{margin:1.1rem 0;padding:1rem 1.1rem .8rem;background:var(--card);"
    "border:1px solid var(--rule);border-radius:10px}\n"
    "figcaption p{margin:.15rem 0 .3rem;font-size:.9rem}\n"
    ".columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));gap:0 1.1rem}\n"
    ".columns>*{min-width:0}\n"
    ".wide,.half,.scroll{overflow-x:auto}\n"
    ".wide>svg,.half>svg,.cell>svg{display:block;width:100%;height:auto}\n"
    ".wide>svg{min-width:44rem}.half>svg{min-width:23rem}\n"
    ".multiples{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,16.5rem),1fr));gap:.6rem 1.2rem}\n"
    ".multiples>*{min-width:0}\n"
    ".legend{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;list-style:none;margin:.3rem 0 .2rem;padding:0;"
    "font-size:.85rem}\n"
    ".legend li{display:flex;align-items:center;gap:.4rem}\n"
    ".key{height:.85rem;width:auto}\n"
    ".spark{height:1.75rem;width:7.5rem;display:block}\n",

    "svg text{font-family:inherit;font-size:12px;fill:var(--soft)}\n"
    "svg .y{text-anchor:end}\nsvg .x,svg .total{text-anchor:middle}\n"
    "svg .total,svg .name,svg .value{fill:var(--ink)}\n"
    "svg .name{font-size:13px}\nsvg .note{fill:var(--soft);font-size:12px}\n"
    ".grid,.zero,.tick{fill:none;stroke:var(--grid)}\n.zero,.tick{stroke:var(--soft);stroke-opacity:.55}\n"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}\n"
    "rect{stroke:var(--card);stroke-width:.7}\ncircle{stroke:var(--card);stroke-width:1}\n"
    ".key rect{stroke:none}\n.band{opacity:.25;stroke:none}\n"
    ".d1{stroke-dasharray:7 4}.d2{stroke-dasharray:1 4.5}.d3{stroke-dasharray:10 4 2 4}\n"
    ".f0{fill:var(--c0)}.f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}"
    ".f4{fill:var(--c4)}.f5{fill:var(--c5)}.f6{fill:var(--c6)}.f7{fill:var(--c7)}\n"
    ".s0{stroke:var(--c0)}.s1{stroke:var(--c1)}.s2{stroke:var(--c2)}.s3{stroke:var(--c3)}"
    ".s4{stroke:var(--c4)}.s5{stroke:var(--c5)}.s6{stroke:var(--c6)}.s7{stroke:var(--c7)}\n",

    "table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.4rem 0}\n"
    "th,td{text-align:left;padding:.34rem .8rem .34rem 0;border-bottom:1px solid var(--rule);"
    "vertical-align:top;overflow-wrap:anywhere}\n"
    "thead th{color:var(--soft);font-weight:600;font-size:.82rem;overflow-wrap:normal}\n"
    "tbody th{font-weight:500}\n"
    ".n{text-align:right;white-space:nowrap;overflow-wrap:normal}\n"
    "th:last-child,td:last-child{padding-right:0}\n"
    "caption{text-align:left;color:var(--soft);padding-bottom:.3rem}\n"
    "@media (max-width:60rem){.scroll>table{width:max-content;min-width:100%}"
    ".scroll td,.scroll th{max-width:min(22rem,70vw)}}\n" /* narrow: tables scroll, words stay whole */
    "code{font-family:ui-monospace,\"DejaVu Sans Mono\",Menlo,Consolas,monospace;font-size:.92em}\n"
    "details{margin-top:.4rem;font-size:.9rem}\nsummary{color:var(--soft);cursor:pointer;width:max-content}\n"
    "summary:focus-visible{outline:2px solid var(--c0);outline-offset:3px}\n",

    ".finding{border-left:5px solid var(--c7);border-radius:8px;padding:.75rem 1.1rem;margin:.7rem 0;"
    "background:var(--note)}\n"
    ".finding h3 span{font-size:.72rem;text-transform:uppercase;letter-spacing:.06em;margin-right:.6rem;"
    "padding:.12rem .5rem;border-radius:99px;border:1.5px solid currentColor;vertical-align:.1em}\n"
    ".finding p{margin:.25rem 0 0;max-width:none;overflow-wrap:anywhere}\n"
    ".good{background:var(--good);border-color:var(--c1)}\n"
    ".warning{background:var(--warning);border-color:var(--c3)}\n"
    ".broken{background:var(--broken);border-color:var(--c4)}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(9.6rem,1fr));gap:.8rem;margin:1rem 0}\n"
    ".tile{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:.8rem 1rem}\n"
    ".tile dt{color:var(--soft);font-size:.85rem}\n"
    ".tile dd{margin:0}\n.tile .big{font-size:1.5rem;line-height:1.25;font-weight:600;letter-spacing:-.02em}\n"
    ".tile .note{font-size:.83rem}\n",

    "@media print{:root{" LIGHT "color-scheme:light}body{font-size:11pt}"
    "header,main,footer{max-width:none;padding-left:0;padding-right:0}"
    "figure,.finding,.tile,tr{break-inside:avoid}h2,h3{break-after:avoid}"
    ".wide>svg,.half>svg{min-width:0}details:not([open]){display:none}"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n",
    NULL,
};
