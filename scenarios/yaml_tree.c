#include "scenarios/yaml_tree.h"
#include "scenarios/common/parse.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { MAX_DEPTH = 64, MAX_NODES = 10000000, MAX_EXPANDED = 100000 };
#define MAX_BYTES (256L << 20)

/* Memory of a tree: blocks in a list, freed together. */
typedef struct block {
    struct block *next;
    max_align_t data[];
} block;

typedef struct {
    block *first;
    size_t n_nodes, max_nodes;
} storage;

void *xmc_yaml_alloc(xmc_yaml_tree *t, size_t bytes) {
    storage *s = t->storage;
    block *b = calloc(1, sizeof *b + (bytes ? bytes : 1));
    if (!b)
        return NULL;
    b->next = s->first;
    s->first = b;
    return b->data;
}

char *xmc_yaml_format(xmc_yaml_tree *t, const char *fmt, ...) {
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return NULL;
    char *copy = xmc_yaml_alloc(t, (size_t)n + 1);
    if (copy)
        memcpy(copy, text, (size_t)n + 1);
    free(text);
    return copy;
}

void xmc_yaml_free(xmc_yaml_tree *t) {
    storage *s = t->storage;
    if (s) {
        for (block *b = s->first, *next; b; b = next) {
            next = b->next;
            free(b);
        }
        free(s);
    }
    *t = (xmc_yaml_tree){0};
}

static xmc_place mark_place(const xmc_yaml_tree *t, yaml_mark_t m) {
    return (xmc_place){.file = t->file, .line = m.line + 1, .column = m.column + 1};
}

static xmc_status build(xmc_yaml_tree *t, yaml_document_t *doc, int id, int depth,
                        xmc_yaml_node *out, xmc_diag *diag) {
    const yaml_node_t *y = yaml_document_get_node(doc, id);
    storage *s = t->storage;
    out->line = y->start_mark.line + 1;
    out->column = y->start_mark.column + 1;
    /* Aliases are expanded; the limits stop a document that refers to itself. */
    if (depth > MAX_DEPTH || ++s->n_nodes > s->max_nodes)
        return xmc_bad_input(diag, mark_place(t, y->start_mark), NULL,
                             "nested deeper than %d or more than %zu values", (int)MAX_DEPTH,
                             s->max_nodes);
    if (y->type == YAML_SCALAR_NODE) {
        out->kind = XMC_YAML_SCALAR;
        out->text = xmc_yaml_format(t, "%s", (const char *)y->data.scalar.value);
        out->quoted = y->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        return out->text ? XMC_OK : xmc_no_memory(diag, 1, t->file);
    }
    bool map = y->type == YAML_MAPPING_NODE;
    out->kind = map ? XMC_YAML_MAP : XMC_YAML_LIST;
    out->n = map ? (size_t)(y->data.mapping.pairs.top - y->data.mapping.pairs.start)
                 : (size_t)(y->data.sequence.items.top - y->data.sequence.items.start);
    out->child = xmc_yaml_alloc(t, out->n * sizeof *out->child);
    if (!out->child)
        return xmc_no_memory(diag, out->n * sizeof *out->child, t->file);
    xmc_status worst = XMC_OK;
    for (size_t i = 0; i < out->n; i++) {
        int value;
        if (map) {
            const yaml_node_pair_t *p = y->data.mapping.pairs.start + i;
            const yaml_node_t *key = yaml_document_get_node(doc, p->key);
            if (key->type != YAML_SCALAR_NODE)
                return xmc_bad_input(diag, mark_place(t, key->start_mark), NULL,
                                     "a key must be plain text");
            const char *name = (const char *)key->data.scalar.value;
            for (size_t j = 0; j < i; j++)
                if (!strcmp(out->child[j].key, name)) {
                    worst = xmc_bad_input(diag, mark_place(t, key->start_mark), name,
                                          "each key once; it stands at line %zu already",
                                          out->child[j].line);
                    break;
                }
            out->child[i].key = xmc_yaml_format(t, "%s", name);
            if (!out->child[i].key)
                return xmc_no_memory(diag, 1, t->file);
            value = p->value;
        } else {
            value = y->data.sequence.items.start[i];
        }
        xmc_status st = build(t, doc, value, depth + 1, &out->child[i], diag);
        if (st != XMC_OK)
            return st;
        if (map) {
            const yaml_node_t *key =
                yaml_document_get_node(doc, y->data.mapping.pairs.start[i].key);
            out->child[i].key_line = key->start_mark.line + 1;
            out->child[i].key_column = key->start_mark.column + 1;
            /* A map's value may stand on a later line; a message about it should point at its key.
             */
            if (out->child[i].kind != XMC_YAML_SCALAR) {
                out->child[i].line = out->child[i].key_line;
                out->child[i].column = out->child[i].key_column;
            }
        }
    }
    return worst;
}

/* The tree of what a libyaml parser delivers; path names it in messages. */
static xmc_status read_tree(const char *path, yaml_parser_t *parser, xmc_yaml_tree *out,
                            xmc_diag *diag) {
    xmc_status st = XMC_OK;
    yaml_document_t doc;
    out->storage = calloc(1, sizeof(storage));
    if (!out->storage)
        return xmc_no_memory(diag, sizeof(storage), path);
    out->file = xmc_yaml_format(out, "%s", path);
    out->root = xmc_yaml_alloc(out, sizeof *out->root);
    if (!out->file || !out->root) {
        st = xmc_no_memory(diag, 1, path);
    } else if (!yaml_parser_load(parser, &doc)) {
        yaml_mark_t m = parser->problem_mark;
        st = xmc_bad_input(diag, mark_place(out, m), NULL, "not well-formed YAML: %s%s%s",
                           parser->problem ? parser->problem : "cannot be read",
                           parser->context ? ", " : "", parser->context ? parser->context : "");
    } else {
        /* Aliases may repeat what is there, not multiply it without measure. */
        size_t n = (size_t)(doc.nodes.top - doc.nodes.start);
        storage *s = out->storage;
        s->max_nodes = n > MAX_NODES - MAX_EXPANDED ? MAX_NODES : n + MAX_EXPANDED;
        if (yaml_document_get_root_node(&doc))
            st = build(out, &doc, 1, 0, out->root, diag);
        else
            st = xmc_error(diag, XMC_BAD_INPUT, "%s: the file is empty", path);
        yaml_document_delete(&doc);
    }
    if (st != XMC_OK)
        xmc_yaml_free(out);
    return st;
}

xmc_status xmc_yaml_parse(const char *path, const char *text, size_t n, xmc_yaml_tree *out,
                          xmc_diag *diag) {
    yaml_parser_t parser;
    *out = (xmc_yaml_tree){0};
    if (!yaml_parser_initialize(&parser))
        return xmc_no_memory(diag, 1, path);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    xmc_status st = read_tree(path, &parser, out, diag);
    yaml_parser_delete(&parser);
    return st;
}

xmc_status xmc_yaml_read(const char *path, xmc_yaml_tree *out, xmc_diag *diag) {
    yaml_parser_t parser;
    *out = (xmc_yaml_tree){0};
    FILE *f = fopen(path, "rb");
    if (!f)
        return xmc_file_error(diag, path, "open");
    if (fseek(f, 0, SEEK_END) != 0 || ftell(f) > MAX_BYTES) {
        fclose(f);
        return xmc_error(diag, XMC_BAD_INPUT, "%s: expected a YAML file of at most %ld MB", path,
                         MAX_BYTES >> 20);
    }
    rewind(f);
    if (!yaml_parser_initialize(&parser)) {
        fclose(f);
        return xmc_no_memory(diag, 1, path);
    }
    yaml_parser_set_input_file(&parser, f);
    xmc_status st = read_tree(path, &parser, out, diag);
    yaml_parser_delete(&parser);
    fclose(f);
    return st;
}

const xmc_yaml_node *xmc_yaml_get(const xmc_yaml_node *map, const char *key) {
    if (map && map->kind == XMC_YAML_MAP)
        for (size_t i = 0; i < map->n; i++)
            if (!strcmp(map->child[i].key, key))
                return &map->child[i];
    return NULL;
}

xmc_place xmc_yaml_place(const xmc_yaml_tree *t, const xmc_yaml_node *n) {
    return (xmc_place){
        .file = t->file, .line = n->line, .column = n->column, .column_name = n->key};
}

bool xmc_yaml_is_null(const xmc_yaml_node *n) {
    return n->kind == XMC_YAML_SCALAR && !n->quoted &&
           (!*n->text || !strcmp(n->text, "~") || !strcmp(n->text, "null"));
}

static const char *const kind_names[] = {"a single value", "a list", "a map of keys and values"};

xmc_status xmc_yaml_expect(const xmc_yaml_tree *t, const xmc_yaml_node *n, xmc_yaml_kind kind,
                           const char *what, xmc_diag *diag) {
    if (n->kind == kind)
        return XMC_OK;
    return xmc_bad_input(diag, xmc_yaml_place(t, n),
                         n->kind == XMC_YAML_SCALAR ? n->text : kind_names[n->kind], "%s as %s",
                         what, kind_names[kind]);
}

xmc_status xmc_yaml_number(const xmc_yaml_tree *t, const xmc_yaml_node *n, double min, double max,
                           const char *what, double *out, xmc_diag *diag) {
    xmc_status st = xmc_yaml_expect(t, n, XMC_YAML_SCALAR, what, diag);
    if (st != XMC_OK)
        return st;
    double x;
    if (n->quoted || !xmc_parse_number(n->text, strlen(n->text), &x))
        return xmc_bad_input(diag, xmc_yaml_place(t, n), n->text, "%s: a finite number", what);
    if (x < min || x > max) {
        if (max == INFINITY)
            return xmc_bad_input(diag, xmc_yaml_place(t, n), n->text, "%s: at least %g", what, min);
        return xmc_bad_input(diag, xmc_yaml_place(t, n), n->text, "%s: between %g and %g", what,
                             min, max);
    }
    *out = x;
    return XMC_OK;
}

xmc_status xmc_yaml_bool(const xmc_yaml_tree *t, const xmc_yaml_node *n, bool *out,
                         xmc_diag *diag) {
    if (n->kind == XMC_YAML_SCALAR && !n->quoted) {
        bool yes = !strcmp(n->text, "true"), no = !strcmp(n->text, "false");
        if (yes || no) {
            *out = yes;
            return XMC_OK;
        }
    }
    return xmc_bad_input(diag, xmc_yaml_place(t, n),
                         n->kind == XMC_YAML_SCALAR ? n->text : kind_names[n->kind],
                         "true or false");
}

xmc_status xmc_yaml_text(const xmc_yaml_tree *t, const xmc_yaml_node *n, const char *what,
                         const char **out, xmc_diag *diag) {
    xmc_status st = xmc_yaml_expect(t, n, XMC_YAML_SCALAR, what, diag);
    if (st != XMC_OK)
        return st;
    if (!*n->text)
        return xmc_bad_input(diag, xmc_yaml_place(t, n), n->text, "%s: some text", what);
    *out = n->text;
    return XMC_OK;
}

xmc_status xmc_yaml_known_keys(const xmc_yaml_tree *t, const xmc_yaml_node *map,
                               const char *const *keys, xmc_diag *diag) {
    xmc_status worst = XMC_OK;
    for (size_t i = 0; i < map->n; i++) {
        const char *const *k = keys;
        while (*k && strcmp(*k, map->child[i].key))
            k++;
        if (*k)
            continue;
        char known[512] = "";
        size_t used = 0;
        for (k = keys; *k; k++) {
            int n = snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", *k);
            if (n < 0 || used + (size_t)n >= sizeof known)
                break;
            used += (size_t)n;
        }
        worst = xmc_bad_input(diag, xmc_yaml_place(t, &map->child[i]), map->child[i].key,
                              "one of the keys %s", known);
    }
    return worst;
}
