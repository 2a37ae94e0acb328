#include "output/holding_time.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* Civil date from days since 1970-01-01 and back (proleptic Gregorian calendar; years begin in
 * March here, so that the leap day is the last). */
static void civil_from_days(int32_t days, int *year, int *month, int *day) {
    int64_t z = (int64_t)days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *month = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400 + (*month <= 2));
}

static int32_t days_from_civil(int year, int month, int day) {
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (int32_t)(era * 146097 + doe - 719468);
}

double xmc_years_between(int32_t from, int32_t to) {
    int year, month, day, to_year, to_month, to_day;
    if (to < from)
        return -xmc_years_between(to, from);
    civil_from_days(from, &year, &month, &day);
    civil_from_days(to, &to_year, &to_month, &to_day);
    /* days_from_civil(y, 2, 29) of a common year is 1 March: its anniversary */
    int years = to_year - year;
    int32_t last = days_from_civil(year + years, month, day);
    if (last > to)
        last = days_from_civil(year + --years, month, day);
    int32_t next = days_from_civil(year + years + 1, month, day);
    return (double)years + (double)(to - last) / (double)(next - last);
}

/* Shares of one lot that are still held, in units of before all splits, so that a split touches no
 * lot. */
typedef struct {
    double quantity;
    double unit_cost;
    int32_t date;
} open_lot;

typedef struct {
    size_t *by_date, *order; /* entries: actions 0 … n_actions-1, then lots */
    size_t *date_start, *instrument_start;
    open_lot *queue;
} workspace;

static void workspace_free(workspace *w) {
    free(w->by_date);
    free(w->order);
    free(w->date_start);
    free(w->instrument_start);
    free(w->queue);
}

static xmc_place at_line(const char *file, size_t line, const char *column) {
    return (xmc_place){.file = file ? file : "lots", .line = line, .column_name = column};
}

enum { EARLIEST = -25567 /* 1900-01-01 */ };

static void check(const xmc_lot *lots, size_t n_lots, const xmc_corporate_action *actions,
                  size_t n_actions, size_t n_instruments, int32_t valuation, const char *file,
                  xmc_diag *diag) {
    char value[64];
    for (size_t i = 0; i < n_lots; i++) {
        const xmc_lot *l = &lots[i];
        if (l->instrument >= n_instruments)
            xmc_bad_input(diag, at_line(file, l->file_line, "instrument_id"), NULL,
                          "expected an instrument of the book");
        if (l->date > valuation || l->date < EARLIEST) {
            int y, m, d;
            civil_from_days(l->date, &y, &m, &d);
            snprintf(value, sizeof value, "%04d-%02d-%02d", y, m, d);
            civil_from_days(valuation, &y, &m, &d);
            xmc_bad_input(diag, at_line(file, l->file_line, "date"), value,
                          "a date from 1900 to the valuation date %04d-%02d-%02d", y, m, d);
        }
        if (!isfinite(l->quantity) || l->quantity == 0) {
            snprintf(value, sizeof value, "%g", l->quantity);
            xmc_bad_input(diag, at_line(file, l->file_line, "quantity"), value,
                          "a finite quantity other than 0");
        }
        if (!isfinite(l->price) || l->price < 0) {
            snprintf(value, sizeof value, "%g", l->price);
            xmc_bad_input(diag, at_line(file, l->file_line, "price"), value,
                          "a finite price, not negative");
        }
    }
    for (size_t i = 0; i < n_actions; i++) {
        const xmc_corporate_action *a = &actions[i];
        if (a->instrument >= n_instruments)
            xmc_bad_input(diag, at_line(file, a->file_line, "instrument_id"), NULL,
                          "expected an instrument of the book");
        if (a->date > valuation || a->date < EARLIEST)
            xmc_bad_input(diag, at_line(file, a->file_line, "date"), NULL,
                          "expected a date from 1900 to the valuation date");
        if (!isfinite(a->ratio) || !(a->ratio > 0)) {
            snprintf(value, sizeof value, "%g", a->ratio);
            xmc_bad_input(diag, at_line(file, a->file_line, "ratio"), value,
                          "new shares per old share, above 0");
        }
    }
}

/* A sale of more than was held until then: right if purchases of the same day make up for it. */
typedef struct {
    double left; /* in shares before all splits */
    double held; /* shares of that day */
    const xmc_lot *sale;
} shortage;

static void report_shortage(shortage *s, double dust, const char *file, xmc_diag *diag) {
    if (s->sale && s->left > dust) {
        char value[64];
        snprintf(value, sizeof value, "%.15g", s->sale->quantity);
        xmc_bad_input(diag, at_line(file, s->sale->file_line, "quantity"), value,
                      "a sale of at most the %.15g shares held on that day", s->held);
    }
    *s = (shortage){0};
}

static void run_instrument(const size_t *order, size_t n, const xmc_lot *lots,
                           const xmc_corporate_action *actions, size_t n_actions, int32_t valuation,
                           const double window[2], xmc_holding_weight weight, const char *file,
                           open_lot *queue, xmc_holding *out, xmc_diag *diag) {
    size_t head = 0, tail = 0;
    double ratio = 1;   /* shares now per share before all splits */
    double held = 0;    /* in shares before all splits, as are `dust` and the queue */
    double average = 0; /* cost of what is held under the moving average */
    double dust = 0;
    shortage day = {0};
    for (size_t i = 0; i < n; i++) {
        if (order[i] < n_actions) {
            ratio *= actions[order[i]].ratio;
            continue;
        }
        const xmc_lot *l = &lots[order[i] - n_actions];
        if (day.sale && l->date != day.sale->date)
            report_shortage(&day, dust, file, diag);
        double q = l->quantity / ratio;
        if (q > 0) {
            dust += XMC_SHARES_DUST * q;
            double sold = q < day.left ? q : day.left;
            day.left -= sold;
            q -= sold;
            if (sold > 0 && q <= dust)
                continue;
            queue[tail++] =
                (open_lot){.quantity = q, .unit_cost = l->price * ratio, .date = l->date};
            held += q;
            average += sold > 0 ? q * ratio * l->price : l->quantity * l->price;
            continue;
        }
        double sold = -q;
        if (sold >= held - dust) {
            if (sold > held + dust) {
                if (!day.sale)
                    day = (shortage){.held = held * ratio, .sale = l};
                day.left += sold - held;
            }
            head = tail;
            held = average = 0;
            continue;
        }
        average *= 1 - sold / held;
        held -= sold;
        while (sold > 0 && head < tail) {
            open_lot *o = &queue[head];
            double rest = o->quantity - sold;
            if (rest > dust) {
                o->quantity = rest;
                sold = 0;
            } else {
                sold -= o->quantity;
                head++;
            }
        }
    }
    report_shortage(&day, dust, file, diag);
    *out = (xmc_holding){.years = NAN, .years_short = NAN, .oldest_years = NAN};
    double sum = 0, sums[2] = {0, 0};
    for (size_t i = head; i < tail; i++) {
        const open_lot *o = &queue[i];
        double cost = o->quantity * o->unit_cost;
        double w = weight == XMC_WEIGHT_COST ? cost : o->quantity;
        double age = xmc_years_between(o->date, valuation);
        out->quantity += o->quantity * ratio;
        out->cost_fifo += cost;
        sum += w;
        for (int k = 0; k < 2; k++)
            sums[k] += w * (age < window[k] ? age : window[k]);
        if (i == head)
            out->oldest_years = age;
    }
    out->cost_average = average;
    if (sum > 0) {
        out->years = sums[0] / sum;
        out->years_short = sums[1] / sum;
    }
}

xmc_status xmc_holding_times(const xmc_lot *lots, size_t n_lots,
                             const xmc_corporate_action *actions, size_t n_actions,
                             size_t n_instruments, int32_t valuation_date, const double window[2],
                             xmc_holding_weight weight, const char *file, xmc_holding *out,
                             xmc_diag *diag) {
    size_t errors = diag->n_errors, n = n_lots + n_actions;
    check(lots, n_lots, actions, n_actions, n_instruments, valuation_date, file, diag);
    if (diag->n_errors > errors)
        return XMC_BAD_INPUT;
    /* Two stable counting sorts, by date and then by instrument: linear. Actions are fed first, so
     * they come before the trades of their day. */
    size_t n_dates = (size_t)(valuation_date - EARLIEST) + 1;
    workspace w = {.by_date = malloc((n + 1) * sizeof(size_t)),
                   .order = malloc((n + 1) * sizeof(size_t)),
                   .date_start = calloc(n_dates + 1, sizeof(size_t)),
                   .instrument_start = calloc(n_instruments + 1, sizeof(size_t))};
    if (!w.by_date || !w.order || !w.date_start || !w.instrument_start) {
        workspace_free(&w);
        return xmc_no_memory(diag, n * 2 * sizeof(size_t), "holding times");
    }
    for (size_t i = 0; i < n; i++) {
        int32_t date = i < n_actions ? actions[i].date : lots[i - n_actions].date;
        uint32_t ins = i < n_actions ? actions[i].instrument : lots[i - n_actions].instrument;
        w.date_start[(size_t)(date - EARLIEST) + 1]++;
        w.instrument_start[ins + 1]++;
    }
    size_t most = 0;
    for (size_t i = 0; i < n_instruments; i++) {
        if (w.instrument_start[i + 1] > most)
            most = w.instrument_start[i + 1];
        w.instrument_start[i + 1] += w.instrument_start[i];
    }
    for (size_t i = 0; i < n_dates; i++)
        w.date_start[i + 1] += w.date_start[i];
    for (size_t i = 0; i < n; i++) {
        int32_t date = i < n_actions ? actions[i].date : lots[i - n_actions].date;
        w.by_date[w.date_start[(size_t)(date - EARLIEST)]++] = i;
    }
    for (size_t i = 0; i < n; i++) {
        size_t e = w.by_date[i];
        uint32_t ins = e < n_actions ? actions[e].instrument : lots[e - n_actions].instrument;
        w.order[w.instrument_start[ins]++] = e;
    }
    w.queue = malloc((most + 1) * sizeof *w.queue);
    if (!w.queue) {
        workspace_free(&w);
        return xmc_no_memory(diag, most * sizeof *w.queue, "holding times");
    }
    /* after the scatter, instrument_start[i] is where section i ends */
    for (size_t i = 0, start = 0; i < n_instruments; start = w.instrument_start[i++])
        run_instrument(w.order + start, w.instrument_start[i] - start, lots, actions, n_actions,
                       valuation_date, window, weight, file, w.queue, &out[i], diag);
    workspace_free(&w);
    return diag->n_errors > errors ? XMC_BAD_INPUT : XMC_OK;
}
