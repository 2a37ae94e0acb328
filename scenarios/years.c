/* Year-event tables: pre-simulated occurrences, from the event set itself or from a table of other
 * tools. */
#include "scenarios/vendor_table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_YEARS 1e8

typedef struct {
    uint32_t year, event, order;
    uint16_t day;
} occurrence;

static int compare(const void *x, const void *y) {
    const occurrence *a = x, *b = y;
    if (a->year != b->year)
        return a->year < b->year ? -1 : 1;
    if (a->day != b->day)
        return a->day < b->day ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static uint32_t find_event(const xmc_event_set *e, double id) {
    for (size_t lo = 0, hi = e->n_events; lo < hi;) {
        const size_t mid = (lo + hi) / 2;
        if (e->event_id[mid] == id)
            return (uint32_t)mid;
        if (e->event_id[mid] < id)
            lo = mid + 1;
        else
            hi = mid;
    }
    return UINT32_MAX;
}

static uint16_t day_of(const xmc_vendor_table *t, size_t i, size_t day, size_t month,
                       size_t of_month) {
    static const uint16_t before[13] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    if (t->has[day] && isfinite(t->number[day][i]))
        return (uint16_t)t->number[day][i];
    if (!t->has[month] || !isfinite(t->number[month][i]))
        return 1;
    const int m = (int)t->number[month][i], length = before[m] - before[m - 1];
    const double d =
        t->has[of_month] && isfinite(t->number[of_month][i]) ? t->number[of_month][i] : 1;
    return (uint16_t)(before[m - 1] + (d < length ? (int)d : length));
}

static xmc_status store(xmc_loader *l, const xmc_file_ref *ref, xmc_event_set *e, occurrence *rows,
                        size_t n, size_t years) {
    free(e->year_offset);
    free(e->year_event);
    free(e->year_day);
    e->n_years = 0;
    e->year_offset = calloc(years + 1, sizeof *e->year_offset);
    e->year_event = malloc((n + 1) * sizeof *e->year_event);
    e->year_day = malloc((n + 1) * sizeof *e->year_day);
    if (!e->year_offset || !e->year_event || !e->year_day)
        return xmc_no_memory(l->diag, years * 8 + n * 6, ref->path);
    qsort(rows, n, sizeof *rows, compare);
    for (size_t i = 0; i < n; i++) {
        e->year_offset[rows[i].year]++; /* years from 1: the entry behind the year's start */
        e->year_event[i] = rows[i].event;
        e->year_day[i] = rows[i].day;
    }
    for (size_t y = 0; y < years; y++)
        e->year_offset[y + 1] += e->year_offset[y];
    e->n_years = years;
    for (size_t i = 0; i < e->n_events; i++)
        e->rate[i] = 0;
    for (size_t i = 0; i < n; i++)
        e->rate[rows[i].event] += 1 / (double)years;
    return XMC_OK;
}

xmc_status xmc_load_years(xmc_loader *l, const xmc_file_ref *ref) {
    enum { YEAR, EVENT, DAY, MONTH, DAY_OF_MONTH, YEARS, N };
    static const xmc_vendor_column columns[N] = {
        [YEAR] = {"year|period|period_no|yearid|year_id|trial|simulation_year|modelyear", false,
                  true, true, 1, MOST_YEARS},
        [EVENT] = {"event_id|eventid|event", false, true, true, 0, 4294967295.0},
        [DAY] = {"day|day_of_year|occ_day_of_year|julian_day", false, false, true, 1, 365},
        [MONTH] = {"occ_month|month", false, false, true, 1, 12},
        [DAY_OF_MONTH] = {"occ_day|day_of_month", false, false, true, 1, 31},
        [YEARS] = {"n_years|years|periods", false, false, true, 1, MOST_YEARS}};
    xmc_event_set *e = &l->a->events;
    if (e->source && strcmp(e->source, ref->path) == 0) {
        if (!e->n_years)
            return xmc_yaml_bad(&l->yaml, ref->key,
                                "a year-event table: the event set %s holds none", ref->path);
        return XMC_OK;
    }
    xmc_vendor_table t;
    xmc_status status = xmc_vendor_read(l, ref, columns, N, &t);
    occurrence *rows = status == XMC_OK ? malloc((t.n + 1) * sizeof *rows) : NULL;
    if (status == XMC_OK && !rows)
        status = xmc_no_memory(l->diag, t.n * sizeof *rows, ref->path);
    size_t n = 0, years = 0;
    for (size_t i = 0; status == XMC_OK && i < t.n; i++) {
        const uint32_t year = (uint32_t)t.number[YEAR][i];
        years = years > year ? years : year;
        if (t.has[YEARS] && isfinite(t.number[YEARS][i]) && t.number[YEARS][i] > (double)years)
            years = (size_t)t.number[YEARS][i];
        const uint32_t event = find_event(e, t.number[EVENT][i]);
        if (event == UINT32_MAX) {
            xmc_vendor_bad(&t, i, EVENT, "an event of the event set or the event loss tables");
            continue;
        }
        rows[n++] = (occurrence){year, event, (uint32_t)i, day_of(&t, i, DAY, MONTH, DAY_OF_MONTH)};
    }
    if (status == XMC_OK && t.errors)
        status = XMC_BAD_INPUT;
    if (status == XMC_OK)
        status = store(l, ref, e, rows, n, years);
    if (status == XMC_OK && !t.has[YEARS])
        xmc_note(l->diag, "%s: %zu years, the largest it has (a column n_years says otherwise)",
                 ref->path, years);
    free(rows);
    xmc_vendor_free(&t);
    return status;
}
