/* The regulatory minimum as text and CSV. */
#include "output/regulatory_report.h"

#include <csv.h>
#include <math.h>
#include <string.h>

static const char *const states[] = {"", "computed", "given", "not simulated"};

static double unit_size(xmc_reg_unit unit) {
    return unit == XMC_UNIT_WAN ? 1e4 : 1;
}
static const char *unit_name(xmc_reg_unit unit) {
    return unit == XMC_UNIT_WAN ? "万元" : "元";
}

/* Columns that a UTF-8 text takes in a terminal: Chinese characters take two. */
static int width_of(const char *s) {
    int width = 0;
    for (const unsigned char *p = (const unsigned char *)s; *p; p++)
        if ((*p & 0xc0) != 0x80)
            width += *p >= 0xe2 ? 2 : 1;
    return width;
}

static void put_padded(FILE *f, const char *s, int width) {
    fputs(s, f);
    for (int w = width_of(s); w < width; w++)
        fputc(' ', f);
}

/* 1234567.89 as "1,234,567.89" into a buffer of 64. */
static const char *grouped(double x, char *out) {
    char plain[64];
    snprintf(plain, sizeof plain, "%.2f", fabs(x));
    if (!isfinite(x) || strlen(plain) > 40) {
        snprintf(out, 64, "%g", x);
        return out;
    }
    size_t digits = strlen(plain) - 3, n = 0;
    if (x < 0 && strcmp(plain, "0.00") != 0)
        out[n++] = '-';
    for (size_t i = 0; i < digits; i++) {
        if (i > 0 && (digits - i) % 3 == 0)
            out[n++] = ',';
        out[n++] = plain[i];
    }
    strcpy(out + n, plain + digits);
    return out;
}

static void put_amount(FILE *f, double x, int width) {
    char text[64];
    fprintf(f, "%*s", width, grouped(x, text));
}

static int widest(const xmc_reg_tree *t, size_t column) {
    int most = 0;
    for (size_t i = 0; i < t->n_nodes; i++) {
        const xmc_reg_node *n = &t->nodes[i];
        const char *s = column == 0 ? n->code : column == 1 ? n->label_zh : n->label_en;
        int w = width_of(s) + (column == 0 ? 0 : 2 * (n->depth < 3 ? n->depth : 3));
        most = w > most ? w : most;
    }
    return most > 60 ? 60 : most;
}

static void put_label(FILE *f, const xmc_reg_node *n, int zh, int en) {
    int indent = 2 * (n->depth < 3 ? n->depth : 3);
    fprintf(f, "%*s", indent, "");
    put_padded(f, n->label_zh, zh - indent + 2);
    put_padded(f, n->label_en, en - indent + 2);
}

static void write_ratios(FILE *f, const xmc_company *c, const xmc_reg_tree *t) {
    if (isfinite(t->core_ratio))
        fprintf(
            f, "核心偿付能力充足率 core solvency ratio             %8.2f %%  (threshold %g %%)%s\n",
            100 * t->core_ratio, 100 * t->core_threshold,
            t->core_ratio < t->core_threshold ? "  BELOW" : "");
    if (isfinite(t->comprehensive_ratio))
        fprintf(
            f, "综合偿付能力充足率 comprehensive solvency ratio    %8.2f %%  (threshold %g %%)%s\n",
            100 * t->comprehensive_ratio, 100 * t->comprehensive_threshold,
            t->comprehensive_ratio < t->comprehensive_threshold ? "  BELOW" : "");
    if (isfinite(t->catastrophe_share))
        fprintf(f,
                "catastrophe / premium and reserve risk                %8.3f    (published "
                "companies: %g, %g, %g at p10, p50, p90)\n",
                t->catastrophe_share, t->catastrophe_range[0], t->catastrophe_range[1],
                t->catastrophe_range[2]);
    double balance = 0;
    for (size_t i = 0; i < c->n_financing; i++) {
        const xmc_company_financing *loans = &c->financing[i];
        char key[64];
        snprintf(key, sizeof key, "line.credit.financing.%s", loans->loan_type);
        size_t node = xmc_reg_find(t, key);
        if (!loans->from_book)
            balance += loans->balance;
        else if (node != SIZE_MAX && t->nodes[node].exposure > 0)
            balance += t->nodes[node].exposure + loans->reserve;
    }
    if (balance > 0 && c->net_assets > 0)
        fprintf(f, "financing guarantee balance / net assets              %8.2f\n",
                balance / c->net_assets);
    if (c->largest_retention >= 0 && c->actual_capital > 0)
        fprintf(f, "largest single-risk retention / actual capital        %8.2f %%\n",
                100 * c->largest_retention / c->actual_capital);
}

/* "= exposure x RF0 x (1 + K)", and what multiplies it beyond (0.95 of 2023, a limit on the
 * factor). */
static void write_product(FILE *f, const xmc_reg_node *n, double unit) {
    char text[64];
    double plain = n->rf0 * (1 + n->k);
    fprintf(f, "  = %s x %g", grouped(n->exposure / unit, text), n->rf0);
    if (n->k != 0)
        fprintf(f, " x (1 %+g)", n->k);
    if (plain != 0 && fabs(n->factor / plain - 1) > 1e-12)
        fprintf(f, " x %g", n->factor / plain);
}

void xmc_reg_write_text(FILE *f, const xmc_company *company, const xmc_reg_tree *t,
                        xmc_reg_unit unit, int depth) {
    int code = widest(t, 0), zh = widest(t, 1), en = widest(t, 2);
    fprintf(f, "最低资本表 minimum capital: %s%s%s\n", t->company, *t->date ? ", " : "", t->date);
    fprintf(f, "Rules %s: %s. Unit: %s\n\n", t->version, t->title, unit_name(unit));
    for (size_t i = 0; i < t->n_nodes; i++) {
        const xmc_reg_node *n = &t->nodes[i];
        if (depth > 0 && n->depth >= depth)
            continue;
        put_padded(f, n->code, code + 2);
        put_label(f, n, zh, en);
        if (n->state == XMC_NODE_ABSENT || n->state == XMC_NODE_SWITCHED_OFF)
            fprintf(f, "%20s", n->state == XMC_NODE_ABSENT ? "-" : "not simulated");
        else
            put_amount(f, n->amount / unit_size(unit), 20);
        if (n->state == XMC_NODE_GIVEN)
            fputs("  given", f);
        else if (!isnan(n->rf0))
            write_product(f, n, unit_size(unit));
        fputc('\n', f);
    }
    fputc('\n', f);
    write_ratios(f, company, t);
    if (t->catastrophe_is_proxy)
        fputs(
            "\nThe catastrophe minimum is a PROXY from a table that is not the regulator's; it is "
            "left out of any verdict on the formula.\n",
            f);
    if (t->n_switches)
        fputs("\nSwitches (what the rules leave open):\n", f);
    for (size_t i = 0; i < t->n_switches; i++)
        fprintf(f, "  %-22s %-16s (%s)\n", t->switches[i].name, t->switches[i].choice,
                t->switches[i].note);
    if (t->n_assumptions)
        fputs("\nAssumed:\n", f);
    for (size_t i = 0; i < t->n_assumptions; i++)
        fprintf(f, "  %s\n", t->assumptions[i]);
}

static void csv_text(FILE *f, const char *s, bool last) {
    csv_fwrite(f, s, strlen(s));
    fputc(last ? '\n' : ',', f);
}

static void csv_number(FILE *f, double x, bool last) {
    if (!isnan(x))
        fprintf(f, "%.17g", x);
    fputc(last ? '\n' : ',', f);
}

void xmc_reg_write_csv(FILE *f, const xmc_reg_tree *t) {
    fputs("version,code,key,parent,label_zh,label_en,state,amount,exposure,rf0,k,factor,scale,"
          "coefficients,articles\n",
          f);
    for (size_t i = 0; i < t->n_nodes; i++) {
        const xmc_reg_node *n = &t->nodes[i];
        csv_text(f, t->version, false);
        csv_text(f, n->code, false);
        csv_text(f, n->key, false);
        csv_text(f, n->parent == SIZE_MAX ? "" : t->nodes[n->parent].code, false);
        csv_text(f, n->label_zh, false);
        csv_text(f, n->label_en, false);
        csv_text(f, n->state == XMC_NODE_ABSENT ? "absent" : states[n->state], false);
        csv_number(
            f, n->state == XMC_NODE_ABSENT || n->state == XMC_NODE_SWITCHED_OFF ? NAN : n->amount,
            false);
        csv_number(f, n->exposure, false);
        csv_number(f, n->rf0, false);
        csv_number(f, n->k, false);
        csv_number(f, n->factor, false);
        csv_number(f, n->scale, false);
        csv_text(f, n->coefficients, false);
        csv_text(f, n->articles, true);
    }
}

static void explain_matrix(FILE *f, const xmc_rules *rules, const xmc_reg_tree *t, size_t node) {
    const xmc_reg_node *n = &t->nodes[node];
    const xmc_rule *m = xmc_rules_find(rules, n->matrix);
    if (!m)
        return;
    fprintf(f, "      root of the quadratic form under %s (%s:%zu):\n", n->matrix, m->place.file,
            m->place.line);
    for (size_t i = 0; i < m->n_names; i++) {
        fprintf(f, "        %-24s", m->names[i]);
        for (size_t j = 0; j < m->n_names; j++)
            fprintf(f, " %7g", m->values[i * m->n_names + j]);
        fputc('\n', f);
    }
}

static void explain_node(FILE *f, const xmc_rules *rules, const xmc_reg_tree *t, size_t i,
                         bool children) {
    const xmc_reg_node *n = &t->nodes[i];
    char a[64], b[64];
    fprintf(f, "%s %s %s = %s CNY", n->code, n->label_zh, n->label_en, grouped(n->amount, a));
    if (n->state == XMC_NODE_GIVEN)
        fputs(", given in the company sheet", f);
    else if (n->state == XMC_NODE_ABSENT)
        fputs(", nothing in the company sheet", f);
    fputc('\n', f);
    if (*n->articles)
        fprintf(f, "      %s\n", n->articles);
    if (n->state == XMC_NODE_GIVEN || n->state == XMC_NODE_ABSENT)
        return;
    if (n->agg == XMC_AGG_LEAF && !isnan(n->exposure)) {
        fprintf(f, "      exposure %s x factor %.10g = %s\n", grouped(n->exposure, a), n->factor,
                grouped(n->amount, b));
        if (!isnan(n->rf0)) {
            double plain = n->rf0 * (1 + n->k);
            fprintf(f, "      RF0 %g x (1 + K %+.10g) = %.10g", n->rf0, n->k, plain);
            if (fabs(plain - n->factor) > 1e-12)
                fprintf(f, ", factor used %.10g (see coefficients)", n->factor);
            fputc('\n', f);
        }
    }
    if (n->agg == XMC_AGG_SUM)
        fputs("      sum of the rows below it\n", f);
    if (n->agg == XMC_AGG_DIVERSIFICATION)
        fputs("      sum of the rows before it less the row above\n", f);
    if (n->agg == XMC_AGG_TOTAL)
        fputs("      1 + 2 + 3\n", f);
    if ((n->agg == XMC_AGG_MATRIX || n->agg == XMC_AGG_QUANTIFIABLE) && n->matrix)
        explain_matrix(f, rules, t, i);
    if (n->agg == XMC_AGG_QUANTIFIABLE)
        fprintf(f, "      less loss absorption = %s, x size coefficient %g\n",
                grouped(t->before_size, a), t->size_factor);
    if (n->scale != 1)
        fprintf(f, "      x %g\n", n->scale);
    if (*n->coefficients)
        fprintf(f, "      %s\n", n->coefficients);
    for (size_t j = i + 1; children && j < t->n_nodes && t->nodes[j].depth > n->depth; j++)
        if (t->nodes[j].parent == i && t->nodes[j].state != XMC_NODE_ABSENT)
            fprintf(f, "        %-14s %s %s: %s%s\n", t->nodes[j].code, t->nodes[j].label_zh,
                    t->nodes[j].label_en, t->nodes[j].agg == XMC_AGG_DIVERSIFICATION ? "less " : "",
                    grouped(t->nodes[j].amount, a));
}

static const char *const board_names[] = {"main_sh", "main_sz", "chinext", "star", "bse"};

static const char *index_names(const xmc_reg_stock_result *s) {
    return s->csi300 && s->div_low_vol_100 ? "CSI300+DLV100"
           : s->csi300                     ? "CSI300"
           : s->div_low_vol_100            ? "DLV100"
                                           : "-";
}

xmc_status xmc_reg_explain(FILE *f, const xmc_rules *rules, const xmc_reg_tree *t,
                           const char *code_or_key, xmc_diag *diag) {
    size_t node = xmc_reg_find(t, code_or_key);
    if (node == SIZE_MAX)
        return xmc_error(diag, XMC_USAGE,
                         "no node '%s' in the tree: give a code such as 1.2.1.1.1 or a key such as "
                         "market.equity (the table lists them)",
                         code_or_key);
    fprintf(f, "Rules %s: %s\n", t->version, t->title);
    explain_node(f, rules, t, node, true);
    if (!strcmp(t->nodes[node].key, "market.equity.stocks") ||
        !strcmp(t->nodes[node].key, "market.equity")) {
        fprintf(f, "      %-14s %-8s %-14s %16s %8s %8s %9s %9s %9s %16s\n", "stock", "board",
                "index", "admitted", "years", "RF0", "k1", "k2", "factor", "amount");
        for (size_t i = 0; i < t->n_stocks; i++) {
            const xmc_reg_stock_result *s = &t->stocks[i];
            char a[64], b[64], years[32] = "-";
            if (!isnan(s->holding_years))
                snprintf(years, sizeof years, "%.3f", s->holding_years);
            fprintf(f, "      %-14s %-8s %-14s %16s %8s %8g %+9.5f %+9.5f %9.6f %16s %s\n", s->id,
                    board_names[s->board], index_names(s), grouped(s->admitted, a), years, s->rf0,
                    s->k1, s->k2, s->factor, grouped(s->amount, b), s->k2_rule);
        }
    }
    for (size_t p = t->nodes[node].parent; p != SIZE_MAX; p = t->nodes[p].parent) {
        fputs("which is part of\n", f);
        explain_node(f, rules, t, p, false);
    }
    if (node != xmc_reg_find(t, "minimum")) {
        fputs("which is part of\n", f);
        explain_node(f, rules, t, xmc_reg_find(t, "minimum"), false);
    }
    return XMC_OK;
}

static double amount_of(const xmc_reg_tree *t, size_t i) {
    return i == SIZE_MAX || t->nodes[i].state == XMC_NODE_ABSENT ? 0 : t->nodes[i].amount;
}

static const xmc_reg_stock_result *find_stock(const xmc_reg_tree *t, size_t hint, const char *id) {
    if (hint < t->n_stocks && !strcmp(t->stocks[hint].id, id))
        return &t->stocks[hint]; /* the same company: the same order */
    for (size_t i = 0; i < t->n_stocks; i++)
        if (!strcmp(t->stocks[i].id, id))
            return &t->stocks[i];
    return NULL;
}

void xmc_reg_write_change_text(FILE *f, const xmc_reg_tree *before, const xmc_reg_tree *after,
                               xmc_reg_unit unit) {
    int code = widest(after, 0), zh = widest(after, 1), en = widest(after, 2);
    double size = unit_size(unit);
    fprintf(f, "Change of the minimum capital of %s from rules %s to rules %s. Unit: %s\n\n",
            after->company, before->version, after->version, unit_name(unit));
    put_padded(f, "", code + zh + en + 6);
    fprintf(f, "%20s%20s%20s%9s\n", before->version, after->version, "change", "%");
    for (size_t i = 0; i < after->n_nodes; i++) {
        const xmc_reg_node *n = &after->nodes[i];
        double a = amount_of(before, xmc_reg_find(before, n->key)), b = amount_of(after, i);
        if (a == 0 && b == 0)
            continue;
        put_padded(f, n->code, code + 2);
        put_label(f, n, zh, en);
        put_amount(f, a / size, 20);
        put_amount(f, b / size, 20);
        put_amount(f, (b - a) / size, 20);
        if (a != 0)
            fprintf(f, "%9.2f", 100 * (b - a) / fabs(a));
        fputc('\n', f);
    }
    if (after->n_stocks)
        fprintf(f, "\n%-14s %-8s %-14s %8s %12s %12s %18s %18s\n", "stock", "board", "index",
                "years", "old factor", "new factor", "change", "entry of k2");
    for (size_t i = 0; i < after->n_stocks; i++) {
        const xmc_reg_stock_result *s = &after->stocks[i], *o = find_stock(before, i, s->id);
        if (!o || (s->admitted == 0 && o->admitted == 0))
            continue;
        double years = isnan(s->holding_years) ? o->holding_years : s->holding_years;
        char text[32] = "-";
        if (!isnan(years))
            snprintf(text, sizeof text, "%.3f", years);
        fprintf(f, "%-14s %-8s %-14s %8s %12.6f %12.6f ", s->id, board_names[s->board],
                index_names(s), text, o->factor, s->factor);
        put_amount(f, (s->amount - o->amount) / size, 18);
        fprintf(f, " %18s\n", *s->k2_rule ? s->k2_rule : "-");
    }
}

void xmc_reg_write_change_csv(FILE *f, const xmc_reg_tree *before, const xmc_reg_tree *after) {
    fputs("kind,code,label_zh,label_en,holding_years,factor_before,factor_after,amount_before,"
          "amount_after,change\n",
          f);
    for (size_t i = 0; i < after->n_nodes; i++) {
        const xmc_reg_node *n = &after->nodes[i];
        size_t j = xmc_reg_find(before, n->key);
        double a = amount_of(before, j), b = amount_of(after, i);
        csv_text(f, "node", false);
        csv_text(f, n->code, false);
        csv_text(f, n->label_zh, false);
        csv_text(f, n->label_en, false);
        csv_number(f, NAN, false);
        csv_number(f, j == SIZE_MAX ? NAN : before->nodes[j].factor, false);
        csv_number(f, n->factor, false);
        csv_number(f, a, false);
        csv_number(f, b, false);
        csv_number(f, b - a, true);
    }
    for (size_t i = 0; i < after->n_stocks; i++) {
        const xmc_reg_stock_result *s = &after->stocks[i], *o = find_stock(before, i, s->id);
        if (!o)
            continue;
        csv_text(f, "stock", false);
        csv_text(f, s->id, false);
        csv_text(f, board_names[s->board], false);
        csv_text(f, index_names(s), false);
        csv_number(f, isnan(s->holding_years) ? o->holding_years : s->holding_years, false);
        csv_number(f, o->factor, false);
        csv_number(f, s->factor, false);
        csv_number(f, o->amount, false);
        csv_number(f, s->amount, false);
        csv_number(f, s->amount - o->amount, true);
    }
}
