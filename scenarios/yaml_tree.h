/* A YAML document as a tree in which every node knows its line and column, so that a semantic error
 * can name its place. Reading is libyaml's. */
#ifndef CROSSMC_YAML_TREE_H
#define CROSSMC_YAML_TREE_H

#include "scenarios/common/status.h"
#include <stdbool.h>

typedef enum { XMC_YAML_SCALAR, XMC_YAML_LIST, XMC_YAML_MAP } xmc_yaml_kind;

typedef struct xmc_yaml_node {
    xmc_yaml_kind kind;
    const char *key;  /* in a map; NULL otherwise */
    const char *text; /* scalar */
    bool quoted;      /* scalar in quotes: text, never a number or null */
    size_t line, column;
    size_t key_line, key_column; /* in a map: where the key stands */
    struct xmc_yaml_node *child; /* list and map: n nodes side by side */
    size_t n;
} xmc_yaml_node;

typedef struct {
    const char *file;
    xmc_yaml_node *root;
    void *storage; /* private */
} xmc_yaml_tree;

/* Reads the first document of a file. Errors: file missing (XMC_BAD_INPUT), malformed YAML, a key
 * twice in a map, a key that is not a scalar, nesting beyond 64, more than 10 million nodes (or
 * 100,000 more than are written, by aliases), a file above 256 MB. */
xmc_status xmc_yaml_read(const char *path, xmc_yaml_tree *out, xmc_diag *diag);
/* As xmc_yaml_read, from n bytes of UTF-8 text; path names them in messages. */
xmc_status xmc_yaml_parse(const char *path, const char *text, size_t n, xmc_yaml_tree *out,
                          xmc_diag *diag);
void xmc_yaml_free(xmc_yaml_tree *t);
/* Memory that lives as long as the tree; NULL when there is none left. Zeroed. */
void *xmc_yaml_alloc(xmc_yaml_tree *t, size_t bytes);
char *xmc_yaml_format(xmc_yaml_tree *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const xmc_yaml_node *xmc_yaml_get(const xmc_yaml_node *map, const char *key);
xmc_place xmc_yaml_place(const xmc_yaml_tree *t, const xmc_yaml_node *n);
/* True for a plain empty scalar, ~ or null. */
bool xmc_yaml_is_null(const xmc_yaml_node *n);

/* Each reports what it does not like at the node's place and returns XMC_BAD_INPUT. */
xmc_status xmc_yaml_expect(const xmc_yaml_tree *t, const xmc_yaml_node *n, xmc_yaml_kind kind,
                           const char *what, xmc_diag *diag);
/* A finite number in [min, max]; what names it in the message. */
xmc_status xmc_yaml_number(const xmc_yaml_tree *t, const xmc_yaml_node *n, double min, double max,
                           const char *what, double *out, xmc_diag *diag);
xmc_status xmc_yaml_bool(const xmc_yaml_tree *t, const xmc_yaml_node *n, bool *out, xmc_diag *diag);
xmc_status xmc_yaml_text(const xmc_yaml_tree *t, const xmc_yaml_node *n, const char *what,
                         const char **out, xmc_diag *diag);
/* Every key of the map must be among keys (NULL-terminated). */
xmc_status xmc_yaml_known_keys(const xmc_yaml_tree *t, const xmc_yaml_node *map,
                               const char *const *keys, xmc_diag *diag);

#endif
