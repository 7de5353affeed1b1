/* chart.h: charts as SVG inside of a page (core/chart/sheet.h), each a <figure> with a legend and, folded
 * away beside it, the same numbers as a table.  Text only: no script, no image, nothing to fetch.  All numbers are whole
 * (millionths, thousandths, milliseconds), so that what is shown is exact; names are escaped here.  Whatever fails is
 * in the buf.  Nothing here knows what the numbers mean. */
#ifndef CORE_CHART_CHART_H
#define CORE_CHART_CHART_H

#include "core/base/buf.h"

enum chart_unit {
    CHART_COUNT,    /* 12,480 */
    CHART_PERMILLE, /* thousandths of a whole, shown as 31.2 % */
    CHART_MONEY,    /* millionths of the currency's unit, shown as USD 1,234.50 */
    CHART_MS,       /* milliseconds, on an axis of steps 100 ms, 1 s, 1 min, 1 h ...: delays differ by powers */
};

/* Colours that people with the usual colour blindnesses tell apart (Okabe and Ito), darker or lighter with the page. */
enum chart_tone {
    CHART_BLUE,
    CHART_GREEN,
    CHART_SKY,
    CHART_ORANGE,
    CHART_RED,
    CHART_PURPLE,
    CHART_YELLOW,
    CHART_GREY,
    CHART_TONES
};

#define CHART_GAP INT64_MIN /* no number at that moment: a line is interrupted, a bar absent */

struct chart_series {
    struct slice name;
    enum chart_tone tone;
    const int64_t *values; /* one for each moment */
    const int64_t *low;    /* chart_lines: not NULL: a band from low to values in place of a line */
};

/* Numbers over time. */
struct chart {
    const char *id;            /* letters, digits and '-', once in a page; ours */
    struct slice title, about; /* about: one sentence, what it shows; for those who do not see it, too */
    enum chart_unit unit;
    struct slice currency;     /* CHART_MONEY: "USD" */
    const int64_t *moments;    /* ascending, seconds since 1970 as the reader's wall clock shows them (UTC + zone) */
    size_t points;
    int64_t step;              /* seconds from one moment to the next: 3600, 86400 ...: how moments are written */
    const struct chart_series *series; /* stacked: from the ground up; values below 0 count as 0 there */
    size_t series_count;
    int64_t top;               /* the axis reaches at least up to here; 0: as far as the numbers */
    bool half;                 /* it will stand in a column (sheet_columns_begin) */
};

void chart_stacked(struct buf *out, const struct chart *c); /* bars, one upon the other */
void chart_lines(struct buf *out, const struct chart *c);   /* lines, each with a dash of its own, and bands */

/* Several small ones beside one another, all with the same axes, lines or stacked as said; one legend. */
struct chart_group {
    const char *id;
    struct slice title, about;
    const struct chart *list; /* of one unit, with the same moments; id is not asked, title is its heading */
    size_t count;
    bool stacked;
};
void chart_multiples(struct buf *out, const struct chart_group *g);

/* Horizontal bars, the longest first if the caller sorts them so. */
struct chart_bar {
    struct slice name, note; /* note: stands small below the name, may be empty */
    enum chart_tone tone;
    int64_t value;
};
struct chart_bars {
    const char *id;
    struct slice title, about;
    struct slice names, values; /* headings of the table: "Reason", "Postbacks" */
    enum chart_unit unit;
    struct slice currency;
    const struct chart_bar *list;
    size_t count;
    int64_t whole; /* not 0: the share of it is shown behind each number */
    bool half;     /* as of struct chart */
};
void chart_bars(struct buf *out, const struct chart_bars *c);

/* A line as high as a word, to stand in a sentence, a tile or a table's cell.  about: for those who do not see it. */
void chart_spark(struct buf *out, struct slice about, enum chart_tone tone, const int64_t *values,
                 size_t points);

/* ---- numbers as the charts write them; plain text, also for a terminal ---- */

/* 12,480 | 31.2 % | USD 1,234.50 (two decimals at least, no more than there are) | 850 ms, 1.5 s, 2 min, 3 h 20 min, 2 d 4 h */
void chart_number(struct buf *out, enum chart_unit unit, struct slice currency, int64_t value);
/* n of whole in thousandths, rounded half up; but 0 and 1000 only when it is none and all.  whole 0: 0. */
int64_t chart_permille(int64_t n, int64_t whole);
/* "Mon 23 Nov 2026", with a step below a day "Mon 23 Nov 2026 14:00". */
void chart_moment(struct buf *out, int64_t moment, int64_t step);

#endif
