/* style.h: inside of core/chart: how a sheet looks. */
#ifndef CORE_CHART_STYLE_H
#define CORE_CHART_STYLE_H

extern const char *const sheet_style[]; /* pieces of CSS, ended by NULL */

#endif
