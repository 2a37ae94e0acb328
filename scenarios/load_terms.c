#include "scenarios/load_terms.h"
#include "scenarios/common/parse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* An amount (type 0) or a share (types 1 and 2). */
static double value(xmc_table *t, size_t column, uint8_t type, double cny) {
    if (type == 0)
        return cny * xmc_cell_number(t, column, 0, 0, INFINITY);
    double x = xmc_cell_number(t, column, 0, 0, INFINITY);
    if (x > 1) {
        xmc_cell_error(t, column, "a fraction from 0 to 1, since its type is %d (a share)", type);
        return 0;
    }
    return x;
}

static xmc_cover_terms load_cover(xmc_table *t, size_t first, double cny) {
    xmc_cover_terms x = {0};
    x.ded_type = (uint8_t)xmc_cell_integer(t, first + XMC_TERM_DED_TYPE, 0, 0, 2);
    x.limit_type = (uint8_t)xmc_cell_integer(t, first + XMC_TERM_LIMIT_TYPE, 0, 0, 2);
    const int64_t ded_code = xmc_cell_integer(t, first + XMC_TERM_DED_CODE, 0, 0, 6);
    const int64_t limit_code = xmc_cell_integer(t, first + XMC_TERM_LIMIT_CODE, 0, 0, 1);
    x.ded = value(t, first + XMC_TERM_DED, x.ded_type, cny);
    x.limit = value(t, first + XMC_TERM_LIMIT, x.limit_type, cny);
    x.min_ded = cny * xmc_cell_number(t, first + XMC_TERM_MIN_DED, 0, 0, INFINITY);
    x.max_ded = cny * xmc_cell_number(t, first + XMC_TERM_MAX_DED, 0, 0, INFINITY);
    if (x.max_ded > 0 && x.max_ded < x.min_ded)
        xmc_cell_error(t, first + XMC_TERM_MAX_DED, "at least the minimum deductible");
    if (x.ded > 0 && ded_code != XMC_DED_REGULAR && ded_code != XMC_DED_FRANCHISE)
        xmc_cell_error(t, first + XMC_TERM_DED_CODE,
                       "0 (regular) or 2 (franchise): other deductibles are not modelled");
    x.ded_code = x.ded > 0 ? (uint8_t)ded_code : 0;
    if (x.ded_code == XMC_DED_FRANCHISE && (x.min_ded > 0 || x.max_ded > 0))
        xmc_cell_error(t, first + XMC_TERM_DED_CODE,
                       "0 (regular), since there is a minimum or maximum deductible");
    if (x.limit > 0 && limit_code != 0)
        xmc_cell_error(t, first + XMC_TERM_LIMIT_CODE,
                       "0 (regular): annual aggregate limits of policies are not modelled");
    return x;
}

xmc_set_columns xmc_load_set_columns(const xmc_table *t, size_t first) {
    xmc_set_columns there = {{false}};
    for (size_t p = 0; p < XMC_N_TERMS_AT; p++)
        for (size_t k = 0; k < XMC_N_TERMS; k++)
            there.at[p] |= xmc_table_has(t, XMC_SET_AT(first, p) + k);
    return there;
}

xmc_term_set xmc_load_set(const xmc_loader *l, xmc_table *t, size_t first,
                          const xmc_set_columns *there, double cny) {
    xmc_term_set s = {.perils = ~UINT64_C(0), .participation = 1, .file = l->file};
    s.file_line = (uint32_t)xmc_row_line(t);
    for (size_t p = 0; p < XMC_N_TERMS_AT; p++)
        if (there->at[p])
            s.at[p] = load_cover(t, XMC_SET_AT(first, p), cny);
    return s;
}

bool xmc_cover_terms_void(const xmc_cover_terms *c) {
    return c->ded == 0 && c->min_ded == 0 && c->max_ded == 0 && c->limit == 0;
}

bool xmc_term_set_void(const xmc_term_set *s) {
    bool none = s->participation == 1 && s->bi_waiting == 0 && s->bi_period == 0;
    for (size_t p = 0; p < XMC_N_TERMS_AT; p++)
        none &= xmc_cover_terms_void(&s->at[p]);
    return none;
}

bool xmc_term_set_beyond_all(const xmc_term_set *s) {
    bool beyond = s->participation != 1 || s->bi_waiting > 0 || s->bi_period > 0;
    for (size_t p = 0; p < XMC_TERMS_ALL; p++)
        beyond |= !xmc_cover_terms_void(&s->at[p]);
    return beyond || s->at[XMC_TERMS_ALL].ded_code != XMC_DED_REGULAR;
}

static bool same_cover(const xmc_cover_terms *a, const xmc_cover_terms *b) {
    return a->ded == b->ded && a->min_ded == b->min_ded && a->max_ded == b->max_ded &&
           a->limit == b->limit && (a->ded == 0 || a->ded_type == b->ded_type) &&
           (a->limit == 0 || a->limit_type == b->limit_type) && a->ded_code == b->ded_code;
}

bool xmc_term_set_same(const xmc_term_set *a, const xmc_term_set *b) {
    bool same = a->perils == b->perils && a->participation == b->participation &&
                a->bi_waiting == b->bi_waiting && a->bi_period == b->bi_period;
    for (size_t p = 0; p < XMC_N_TERMS_AT; p++)
        same &= same_cover(&a->at[p], &b->at[p]);
    return same;
}

uint32_t xmc_load_add_set(xmc_loader *l, const xmc_term_set *s) {
    xmc_book *b = l->book;
    xmc_term_set *more =
        xmc_load_grow(l, b->term_sets, b->n_term_sets, &l->term_set_capacity, sizeof *more);
    if (!more)
        return 0;
    b->term_sets = more;
    more[b->n_term_sets++] = *s;
    return (uint32_t)b->n_term_sets;
}

void xmc_load_link_set(xmc_loader *l, xmc_table *t, size_t column, uint32_t *list,
                       const xmc_term_set *s, bool *fresh) {
    *fresh = false;
    uint32_t last = 0;
    for (uint32_t i = *list; i; i = l->book->term_sets[i - 1].next) {
        const xmc_term_set *other = &l->book->term_sets[i - 1];
        if (xmc_term_set_same(other, s))
            return;
        if (other->perils & s->perils) {
            xmc_cell_error(t, column, "the same terms as on line %u, which are for the same perils",
                           other->file_line);
            return;
        }
        last = i;
    }
    const uint32_t number = xmc_load_add_set(l, s);
    *(last ? &l->book->term_sets[last - 1].next : list) = number;
    *fresh = number != 0;
}

void xmc_load_refuse(xmc_table *t, size_t first, size_t end, double no_effect) {
    for (size_t i = first; i < end; i++) {
        size_t length;
        const char *text = xmc_cell_text(t, i, &length);
        double x;
        if (length && (!xmc_parse_number(text, length, &x) || (x != 0 && x != no_effect)))
            xmc_cell_error(t, i, "nothing or %g: this field is not modelled", no_effect);
    }
}
