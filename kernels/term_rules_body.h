/* Vector body of the rules of term trees; after ground_up_body.h, whose rounding it uses. */
#include "kernels/term_rules.h"

INLINE v_f64 load_lanes(const double *p, size_t n) {
    return n == V_W ? v_load_f64(p) : v_load_part(p, n);
}

INLINE void store_lanes(double *p, size_t n, v_f64 a) {
    if (n == V_W)
        v_store_f64(p, a);
    else
        v_store_part(p, n, a);
}

/* The twin's branches, all of them, and selects. */
INLINE void rule_apply_form(const bool TRACKED, const xmc_rule *r, const xmc_term_rows *rows,
                            size_t n, double grid, double inv_grid) {
    const v_f64 offset = v_set_f64(0x1.8p52 * grid);
    (void)inv_grid;
    const v_f64 zero = v_set_f64(0.0), one = v_set_f64(1.0);
    const v_f64 ded_amount = v_set_f64(r->ded_amount), ded_share = v_set_f64(r->ded_share);
    const v_f64 least = v_set_f64(r->ded_min), largest = v_set_f64(r->ded_max);
    const v_f64 limit_amount = v_set_f64(r->limit_amount);
    const v_f64 limit_share = v_set_f64(r->limit_share);
    const v_f64 participation = v_set_f64(r->participation);
    const v_m64 franchise = v_lt(zero, v_set_f64(r->franchise));
    const v_m64 whole = v_eq(participation, one);
    for (size_t l = 0; l < n; l += V_W) {
        const size_t k = n - l < V_W ? n - l : V_W;
        const v_f64 loss = load_lanes(rows->x + l, k);
        v_f64 taken = zero, over = zero, under = zero;
        if (TRACKED) {
            taken = load_lanes(rows->d + l, k);
            over = load_lanes(rows->o + l, k);
            under = load_lanes(rows->u + l, k);
        }
        v_f64 own = v_add(v_grid_round(v_mul(ded_share, loss), offset), ded_amount);
        own = v_select(franchise, v_select(v_le(loss, own), loss, zero), own);
        const v_f64 want = v_add(taken, own);
        /* maximum */
        const v_f64 excess = v_sub(taken, largest), back = v_sub(zero, excess);
        const v_m64 beyond = v_lt(under, excess);
        const v_f64 max_take = v_select(beyond, v_sub(zero, under), v_min(loss, back));
        const v_f64 max_over = v_select(beyond, v_sub(under, excess), zero);
        /* minimum */
        const v_f64 missing = v_sub(least, want), first = v_min(over, missing);
        const v_f64 rest = v_sub(v_sub(least, taken), first);
        const v_f64 min_take = v_min(loss, rest);
        const v_f64 more = v_sub(rest, min_take), left = v_sub(over, first);
        const v_f64 min_over = v_add(first, v_min(left, more));
        const v_m64 above = v_lt(largest, want), below = v_lt(want, least);
        const v_f64 take = v_select(above, max_take, v_select(below, min_take, v_min(loss, own)));
        const v_f64 from_over = v_select(above, max_over, v_select(below, min_over, zero));
        /* limit */
        v_f64 y = v_sub(loss, take);
        const v_f64 most = v_add(v_grid_round(v_mul(limit_share, loss), offset), limit_amount);
        if (TRACKED) {
            const v_f64 cut = v_add(v_sub(over, from_over), v_max(v_sub(y, most), zero));
            const v_f64 room = v_max(v_min(v_add(under, take), v_sub(most, y)), zero);
            store_lanes(rows->d + l, k, v_add(taken, v_add(take, from_over)));
            store_lanes(rows->o + l, k, cut);
            store_lanes(rows->u + l, k, room);
        }
        y = v_min(y, most);
        y = v_select(whole, y, v_grid_round(v_mul(y, participation), offset));
        store_lanes(rows->x + l, k, y);
    }
}

static void rule_apply(const xmc_rule *r, const xmc_term_rows *rows, size_t n, double grid,
                       double inv_grid) {
    if (rows->d)
        rule_apply_form(true, r, rows, n, grid, inv_grid);
    else
        rule_apply_form(false, r, rows, n, grid, inv_grid);
}

static void share_out(const double *amount, const double *sum, const double *weight,
                      double *running, double *given, double *part, size_t n, double grid,
                      double inv_grid) {
    const v_f64 offset = v_set_f64(0x1.8p52 * grid);
    (void)inv_grid;
    const v_f64 zero = v_set_f64(0.0);
    for (size_t l = 0; l < n; l += V_W) {
        const size_t k = n - l < V_W ? n - l : V_W;
        const v_f64 a = load_lanes(amount + l, k), s = load_lanes(sum + l, k);
        const v_f64 run = v_add(load_lanes(running + l, k), load_lanes(weight + l, k));
        v_f64 upto = v_grid_round(v_mul(a, v_div(run, s)), offset);
        upto = v_select(v_lt(zero, s), upto, a);
        upto = v_select(v_eq(s, a), run, upto);
        store_lanes(part + l, k, v_sub(upto, load_lanes(given + l, k)));
        store_lanes(running + l, k, run);
        store_lanes(given + l, k, upto);
    }
}
