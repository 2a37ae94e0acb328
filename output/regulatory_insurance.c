/* Insurance risk of non-life business: Rule 4. */
#include "output/regulatory_build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *zh, *en;
} lines[] = {{"motor", "车险", "motor"},
             {"property", "财产险", "property"},
             {"hull_cargo_special", "船货特险", "hull, cargo and special risks"},
             {"liability", "责任险", "liability"},
             {"agriculture", "农业险", "agriculture"},
             {"credit", "信用保证险", "credit and guarantee"},
             {"accident", "短期意外伤害险", "short-term accident"},
             {"health", "短期健康险", "short-term health"},
             {"short_life", "短期寿险", "short-term life"},
             {"other", "其他险", "other"}};
enum { N_LINES = sizeof lines / sizeof *lines };

static const struct {
    const char *name, *zh, *en;
} parts[] = {{"", "普通业务", "ordinary business"},
             {"technology", "科技保险", "technology insurance"},
             {"export_credit", "出口信用保险", "export credit"},
             {"policy_export_credit", "政策性中长期出口信用保险",
              "policy medium and long term export credit"},
             {"overseas_investment", "海外投资保险", "overseas investment insurance"}};

static const struct {
    const char *name, *zh, *en;
} loans[] = {{"mortgage", "个人住房抵押贷款", "residential mortgage"},
             {"top_up", "已抵押住房追加贷款", "top-up loan on mortgaged home"},
             {"other_personal", "其他个人贷款", "other personal loans"},
             {"corporate", "企业贷款", "corporate loans"},
             {"other", "其他贷款", "other loans"}};

static const struct {
    const char *name, *zh, *en;
} perils[] = {
    {"motor_typhoon_flood", "国内车险台风及洪水", "domestic motor, typhoon and flood"},
    {"property_typhoon_flood", "国内财产险台风及洪水", "domestic property, typhoon and flood"},
    {"property_earthquake", "国内财产险地震", "domestic property, earthquake"},
    {"overseas_typhoon_flood", "国际财产险台风及洪水", "overseas property, typhoon and flood"},
    {"overseas_earthquake", "国际财产险地震", "overseas property, earthquake"}};

static const xmc_company_line *find_line(const xmc_company *c, const char *name) {
    for (size_t i = 0; i < c->n_lines; i++)
        if (!strcmp(lines[c->lines[i].line].name, name))
            return &c->lines[i];
    return NULL;
}

/* One exposure of premium or reserve risk: exposure × rf0 × (1 + K) × relief. */
static void set_part(xmc_reg_builder *b, size_t node, const xmc_company_line *line,
                     const xmc_line_part *part, bool reserve) {
    const char *name = lines[line->line].name, *side = reserve ? "reserve" : "premium";
    const xmc_drivers *drivers[] = {&line->drivers, &b->company->drivers};
    double exposure = reserve ? part->net_claims_reserve : part->retained_premium;
    char path[160];
    xmc_reg_k k = {0};
    snprintf(path, sizeof path, "insurance/lines/%s/%s/rf0", name, side);
    const xmc_rule *base = xmc_reg_rule(b, path);
    if (!base)
        return;
    /* base factor and coefficient of the part, where it has its own */
    if (*part->name) {
        snprintf(path, sizeof path, "insurance/parts/%s/%s_rf0", part->name, side);
        const xmc_rule *own = xmc_rules_find(b->rules, path);
        base = own ? own : base;
        snprintf(path, sizeof path, "insurance/parts/%s/%s_k", part->name, side);
        const xmc_rule *extra = xmc_rules_find(b->rules, path);
        if (extra)
            xmc_reg_add_k(b, &k, extra, drivers, 2);
    }
    snprintf(path, sizeof path, "insurance/lines/%s/%s/k/", name, side);
    size_t first, n, n_rules;
    n = xmc_rules_under(b->rules, path, &first);
    const xmc_rule *all = xmc_rules_all(b->rules, &n_rules);
    for (size_t i = first; i < first + n; i++)
        xmc_reg_add_k(b, &k, &all[i], drivers, 2);
    double total = xmc_reg_k_total(b, &k, "insurance/k_min", "insurance/k_max");
    double factor = base->number * (1 + total);
    const char *articles = xmc_reg_origin(b, base);
    /* 0.95 of the notice of September 2023 */
    snprintf(path, sizeof path, "insurance/lines/%s/%s/relief", name, side);
    const xmc_rule *relief = xmc_rules_find(b->rules, path);
    const xmc_driver *d = relief ? xmc_reg_driver(drivers, 2, relief->driver) : NULL;
    double multiplier = 1;
    if (relief && !d) {
        xmc_reg_append(k.missing, "%srelief (%s)", *k.missing ? ", " : "", relief->driver);
    } else if (relief && !isnan(d->value)) {
        if (!xmc_rule_at(relief, d->value, &multiplier, NULL))
            xmc_bad_input(b->diag, d->place, NULL, "expected a value inside the steps of %s", path);
        if (multiplier != 1) {
            xmc_reg_append(k.text, "%srelief: %s %g: x %g", *k.text ? "; " : "", d->name, d->value,
                           multiplier);
            articles = xmc_reg_text(b, "%s, %s", articles, xmc_reg_origin(b, relief));
        }
    }
    if (total != k.inside + k.beyond)
        xmc_reg_append(k.text, "; sum %+g limited to %+g", k.inside + k.beyond, total);
    xmc_reg_set_leaf(b, node, exposure, base->number, total, factor * multiplier, k.text, articles);
    if (*k.missing && b->tree->nodes[node].state == XMC_NODE_COMPUTED && exposure > 0)
        xmc_reg_assume(b, "%s %s: coefficients without data taken as 0: %s",
                       b->tree->nodes[node].code, b->tree->nodes[node].label_en, k.missing);
}

static void build_side(xmc_reg_builder *b, size_t parent, const char *code, const char *key,
                       const xmc_company_line *line, bool reserve) {
    size_t with_data = 0;
    bool split = false;
    for (size_t i = 0; line && i < line->n_parts; i++) {
        const xmc_line_part *p = &line->parts[i];
        if (!isnan(reserve ? p->net_claims_reserve : p->retained_premium)) {
            with_data++;
            split |= *p->name != '\0';
        }
    }
    size_t side = xmc_reg_add(b, parent, code, key, reserve ? "准备金风险" : "保费风险",
                              reserve ? "reserve risk" : "premium risk",
                              split ? XMC_AGG_SUM : XMC_AGG_LEAF, NULL);
    if (b->failed || xmc_reg_blocked(b, side))
        return;
    if (!with_data) {
        if (line)
            xmc_reg_assume(b, "%s %s of %s: 0, no exposure in the sheet", code,
                           reserve ? "reserve risk" : "premium risk", lines[line->line].en);
        return;
    }
    size_t number = 0;
    for (size_t i = 0; i < line->n_parts && !b->failed; i++) {
        const xmc_line_part *p = &line->parts[i];
        if (isnan(reserve ? p->net_claims_reserve : p->retained_premium))
            continue;
        size_t node = side;
        if (split) {
            char part_code[96], part_key[192];
            size_t which = 0;
            while (which + 1 < sizeof parts / sizeof *parts && strcmp(parts[which].name, p->name))
                which++;
            snprintf(part_code, sizeof part_code, "%s.%zu", code, ++number);
            snprintf(part_key, sizeof part_key, "%s.%s", key, *p->name ? p->name : "ordinary");
            node = xmc_reg_add(b, side, part_code, part_key, parts[which].zh, parts[which].en,
                               XMC_AGG_LEAF, NULL);
            if (b->failed)
                return;
        }
        set_part(b, node, line, p, reserve);
    }
}

/* Financing credit and guarantee: net loan balance less net reserve, by loan type (Art. 34-41). */
static void build_financing(xmc_reg_builder *b, size_t credit) {
    const xmc_company *c = b->company;
    size_t parent = xmc_reg_add(b, credit, "1.2.1.6.2", "line.credit.financing", "融资性信用保证险",
                                "financing credit and guarantee", XMC_AGG_SUM, NULL);
    if (b->failed || xmc_reg_blocked(b, parent))
        return;
    for (size_t i = 0; i < c->n_financing && !b->failed; i++) {
        const xmc_company_financing *f = &c->financing[i];
        size_t which = 0;
        while (which + 1 < sizeof loans / sizeof *loans && strcmp(loans[which].name, f->loan_type))
            which++;
        char code[48], key[96], path[160];
        snprintf(code, sizeof code, "1.2.1.6.2.%zu", which + 1);
        snprintf(key, sizeof key, "line.credit.financing.%s", f->loan_type);
        size_t node =
            xmc_reg_add(b, parent, code, key, loans[which].zh, loans[which].en, XMC_AGG_LEAF, NULL);
        if (b->failed || xmc_reg_blocked(b, node))
            continue;
        double balance = f->balance;
        if (f->from_book) {
            bool found = false;
            balance = 0;
            for (size_t j = 0; b->book && j < b->book->n_financing; j++)
                if (!strcmp(b->book->financing[j].loan_type, f->loan_type)) {
                    balance += b->book->financing[j].balance;
                    found = true;
                }
            if (!b->book) {
                xmc_bad_input(b->diag, f->place, f->loan_type,
                              "an amount: the balance is to come from the book, and there is none; "
                              "give it with given_without_book");
                continue;
            }
            if (!found)
                xmc_reg_assume(b, "%s: balance 0, the book has no such loans", code);
        }
        snprintf(path, sizeof path, "insurance/financing/classes/%s", f->loan_type);
        const xmc_rule *base = xmc_reg_rule(b, path);
        if (!base)
            return;
        const xmc_drivers *drivers[] = {&f->drivers};
        xmc_reg_k k = {0};
        size_t first, n, n_rules;
        const xmc_rule *all = xmc_rules_all(b->rules, &n_rules);
        n = xmc_rules_under(b->rules, "insurance/financing/k/", &first);
        for (size_t j = first; j < first + n; j++)
            xmc_reg_add_k(b, &k, &all[j], drivers, 1);
        snprintf(path, sizeof path, "insurance/financing/class_k/%s/", f->loan_type);
        n = xmc_rules_under(b->rules, path, &first);
        for (size_t j = first; j < first + n; j++)
            xmc_reg_add_k(b, &k, &all[j], drivers, 1);
        double total = xmc_reg_k_total(b, &k, "insurance/k_min", "insurance/k_max");
        double exposure = balance - f->reserve > 0 ? balance - f->reserve : 0;
        if (total != k.inside + k.beyond)
            xmc_reg_append(k.text, "; sum %+g limited to %+g", k.inside + k.beyond, total);
        xmc_reg_set_leaf(b, node, exposure, base->number, total, base->number * (1 + total), k.text,
                         xmc_reg_origin(b, base));
        if (*k.missing && exposure > 0)
            xmc_reg_assume(b, "%s %s: coefficients without data taken as 0: %s", code,
                           loans[which].en, k.missing);
    }
    for (size_t j = 0; b->book && j < b->book->n_financing; j++) {
        bool used = false;
        for (size_t i = 0; i < c->n_financing; i++)
            used |= c->financing[i].from_book &&
                    !strcmp(c->financing[i].loan_type, b->book->financing[j].loan_type);
        if (!used)
            xmc_reg_assume(b,
                           "1.2.1.6.2: the book's balance of %s, %.0f, is not used, since the "
                           "sheet does not take it from the book",
                           b->book->financing[j].loan_type, b->book->financing[j].balance);
    }
    if (!c->n_financing)
        xmc_reg_assume(b, "1.2.1.6.2 financing credit and guarantee: 0, not in the sheet");
}

static void build_line(xmc_reg_builder *b, size_t parent, size_t i) {
    char code[48], key[96], below[64], below_key[128];
    const char *name = lines[i].name;
    const xmc_company_line *line = find_line(b->company, name);
    bool credit = i == XMC_LINE_CREDIT;
    snprintf(code, sizeof code, "1.2.1.%zu", i + 1);
    snprintf(key, sizeof key, "line.%s", name);
    size_t node =
        xmc_reg_add(b, parent, code, key, lines[i].zh, lines[i].en,
                    credit ? XMC_AGG_SUM : XMC_AGG_MATRIX, credit ? NULL : "insurance/line_rho");
    if (b->failed)
        return;
    size_t base = node;
    if (credit) {
        snprintf(code, sizeof code, "1.2.1.%zu.1", i + 1);
        base =
            xmc_reg_add(b, node, code, "line.credit.non_financing", "非融资性信用保证险",
                        "non-financing credit and guarantee", XMC_AGG_MATRIX, "insurance/line_rho");
        b->tree->nodes[node].articles = "Rule 4 Art. 42-44";
    }
    if (!line && !xmc_reg_blocked(b, base))
        xmc_reg_assume(b, "%s %s: 0, the line is not in the sheet", code, lines[i].en);
    for (int r = 0; r < 2 && !b->failed; r++) {
        snprintf(below, sizeof below, "%s.%d", code, r + 1);
        snprintf(below_key, sizeof below_key, "%s.%s", key, r ? "reserve" : "premium");
        build_side(b, base, below, below_key, line, r);
    }
    if (credit && !b->failed)
        build_financing(b, node);
}

static void build_catastrophe(xmc_reg_builder *b, size_t insurance) {
    const xmc_company *c = b->company;
    size_t parent = xmc_reg_add(b, insurance, "1.2.2", "catastrophe", "巨灾风险", "catastrophe",
                                XMC_AGG_MATRIX, "insurance/catastrophe/matrix");
    if (b->failed)
        return;
    bool any = xmc_reg_blocked(b, parent);
    for (size_t i = 0; i < sizeof perils / sizeof *perils && !b->failed; i++) {
        char code[48], key[96];
        snprintf(code, sizeof code, "1.2.2.%zu", i + 1);
        snprintf(key, sizeof key, "catastrophe.%s", perils[i].name);
        size_t node =
            xmc_reg_add(b, parent, code, key, perils[i].zh, perils[i].en, XMC_AGG_LEAF, NULL);
        if (b->failed)
            return;
        any |= b->tree->nodes[node].state == XMC_NODE_GIVEN;
        for (size_t j = 0; j < c->n_catastrophe; j++)
            if (!strcmp(c->catastrophe[j].peril, perils[i].name)) {
                any = true;
                if (!xmc_reg_blocked(b, node))
                    xmc_reg_build_peril(b, node, &c->catastrophe[j]);
            }
    }
    xmc_reg_add(b, parent, "1.2.2.6", "catastrophe.diversification", "风险分散效应",
                "diversification between perils", XMC_AGG_DIVERSIFICATION, NULL);
    if (!any)
        xmc_reg_assume(b, "1.2.2 catastrophe: 0, neither an amount nor a table in the sheet");
}

void xmc_reg_build_insurance(xmc_reg_builder *b, size_t parent) {
    const xmc_company *c = b->company;
    size_t insurance =
        xmc_reg_add(b, parent, "1.2", "insurance", "非寿险业务保险风险最低资本",
                    "non-life insurance risk", XMC_AGG_MATRIX, "insurance/total_rho");
    if (b->failed)
        return;
    if (c->specialised_technology) {
        const xmc_rule *r = xmc_reg_rule(b, "insurance/specialised_technology");
        xmc_reg_node *n = &b->tree->nodes[insurance];
        if (r) {
            n->scale = r->number;
            n->coefficients = xmc_reg_text(b, "specialised technology insurer: x %g", r->number);
        }
    }
    size_t pr = xmc_reg_add(b, insurance, "1.2.1", "premium_reserve", "保费及准备金风险",
                            "premium and reserve risk", XMC_AGG_MATRIX, "insurance/line_matrix");
    if (b->failed)
        return;
    if (xmc_reg_blocked(b, pr)) {
        if (c->n_lines + c->n_financing)
            xmc_reg_assume(b, "1.2.1: given; the exposures of the lines below it are not used");
    } else {
        for (size_t i = 0; i < N_LINES && !b->failed; i++)
            build_line(b, pr, i);
        xmc_reg_add(b, pr, "1.2.1.11", "premium_reserve.diversification", "风险分散效应",
                    "diversification between lines", XMC_AGG_DIVERSIFICATION, NULL);
    }
    if (!b->failed)
        build_catastrophe(b, insurance);
    xmc_reg_add(b, insurance, "1.2.3", "insurance.diversification", "风险分散效应",
                "diversification", XMC_AGG_DIVERSIFICATION, NULL);
}
