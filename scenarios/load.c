/* What the loaders share: inputs, growth, cells that mean the same everywhere, keys. */
#include "scenarios/load.h"
#include "scenarios/perils.h"

#include <stdlib.h>
#include <string.h>

xmc_status xmc_load_input(xmc_loader *l, const xmc_file_ref *ref, uint64_t bytes,
                          const char sha256[65]) {
    xmc_analysis *a = l->a;
    xmc_input_file *more = realloc(a->inputs, (a->n_inputs + 1) * sizeof *more);
    if (!more)
        return xmc_no_memory(l->diag, sizeof *more, ref->path);
    a->inputs = more;
    xmc_input_file *in = &more[a->n_inputs++];
    *in = (xmc_input_file){.path = ref->path, .role = ref->role, .bytes = bytes};
    memcpy(in->sha256, sha256, sizeof in->sha256);
    return XMC_OK;
}

xmc_status xmc_load_digest(xmc_loader *l, const xmc_file_ref *ref) {
    xmc_source source;
    xmc_status st = xmc_source_open(ref->path, false, &source, l->diag);
    if (st != XMC_OK)
        return st;
    xmc_source_close(&source);
    return xmc_load_input(l, ref, source.bytes, source.sha256);
}

xmc_status xmc_load_open(xmc_loader *l, const xmc_file_ref *ref, const xmc_column *columns,
                         size_t n, xmc_table **out) {
    return xmc_table_open(ref->path, columns, n, l->diag, out);
}

xmc_status xmc_load_close(xmc_loader *l, const xmc_file_ref *ref, xmc_table *t) {
    xmc_source source;
    xmc_status st = xmc_table_close(t, &source);
    xmc_status kept = xmc_load_input(l, ref, source.bytes, source.sha256);
    return st != XMC_OK ? st : kept;
}

void *xmc_load_grow(xmc_loader *l, void *array, size_t n, size_t *capacity, size_t size) {
    if (n < *capacity)
        return array;
    size_t more = *capacity ? 2 * *capacity : 64;
    while (more <= n)
        more *= 2;
    void *grown = more > SIZE_MAX / size ? NULL : realloc(array, more * size);
    if (!grown) {
        xmc_no_memory(l->diag, more * size, "the book");
        return NULL;
    }
    *capacity = more;
    return grown;
}

uint32_t xmc_load_known(xmc_table *t, size_t column, const xmc_names *names, const char *what) {
    size_t length;
    const char *s = xmc_cell_text(t, column, &length);
    if (!length)
        return UINT32_MAX;
    uint32_t i = xmc_names_find(names, s, length);
    if (i == UINT32_MAX)
        xmc_cell_error(t, column, "%s", what);
    return i;
}

double xmc_load_currency(xmc_loader *l, xmc_table *t, size_t column) {
    if (!xmc_cell_given(t, column)) {
        xmc_cell_text(t, column, NULL); /* an error where it is required */
        return 1;
    }
    uint32_t i = xmc_load_known(t, column, &l->currencies,
                                l->currencies.n > 1 ? "a currency of the exchange rate file, or CNY"
                                                    : "CNY, since there are no exchange rates");
    return i == UINT32_MAX ? 1 : l->cny_per_unit[i];
}

uint32_t xmc_load_lob(xmc_loader *l, xmc_table *t, size_t column) {
    if (!l->lines_ok)
        return 0;
    uint32_t i = xmc_load_known(t, column, &l->lobs, "a line of business of the file 'lines'");
    return i == UINT32_MAX ? 0 : i;
}

bool xmc_load_is_word(const char *s, bool lower_only) {
    if (!*s)
        return false;
    for (; *s; s++) {
        bool lower = *s >= 'a' && *s <= 'z', digit = *s >= '0' && *s <= '9';
        bool upper = *s >= 'A' && *s <= 'Z' && !lower_only;
        if (!lower && !digit && !upper && *s != '_')
            return false;
    }
    return true;
}

uint32_t xmc_load_region(xmc_loader *l, xmc_table *t, size_t column) {
    size_t length;
    bool fresh;
    const char *s = xmc_cell_text(t, column, &length);
    if (!length)
        return 0;
    uint32_t known = xmc_names_find(&l->regions, s, length);
    if (known != UINT32_MAX)
        return known;
    if (!xmc_load_is_word(s, false) || length > 60) {
        xmc_cell_error(t, column, "letters, digits and _, at most 60");
        return 0;
    }
    known = xmc_names_add(&l->regions, s, length, &fresh);
    if (known >= XMC_MOST_NAMES)
        xmc_cell_error(t, column, "at most %d regions in all", (int)XMC_MOST_NAMES);
    return known;
}

/* ISO 3166-1 alpha-2, two letters each, and OED's additions. */
static const char countries[] =
    "ADAEAFAGAIALAMAOAQARASATAUAWAXAZBABBBDBEBFBGBHBIBJBLBMBNBOBQBRBSBTBVBWBYBZCACCCDCFCGCHCICKCLCM"
    "CNCOCRCUCVCWCXCYCZDEDJDKDMDODZECEEEGEHERESETFIFJFKFMFOFRGAGBGDGEGFGGGHGIGLGMGNGPGQGRGSGTGUGWGY"
    "HKHMHNHRHTHUIDIEILIMINIOIQIRISITJEJMJOJPKEKGKHKIKMKNKPKRKWKYKZLALBLCLILKLRLSLTLULVLYMAMCMDMEMF"
    "MGMHMKMLMMMNMOMPMQMRMSMTMUMVMWMXMYMZNANCNENFNGNINLNONPNRNUNZOMPAPEPFPGPHPKPLPMPNPRPSPTPWPYQARE"
    "RORSRURWSASBSCSDSESGSHSISJSKSLSMSNSOSRSSSTSVSXSYSZTCTDTFTGTHTJTKTLTMTNTOTRTTTVTWTZUAUGUMUSUYUZ"
    "VAVCVEVGVIVNVUWFWSYEYTZAZMZWXBXEXSXW";

uint16_t xmc_load_country(xmc_table *t, size_t column) {
    size_t length;
    const char *s = xmc_cell_text(t, column, &length);
    for (size_t i = 0; length == 2 && i + 1 < sizeof countries; i += 2)
        if (countries[i] == s[0] && countries[i + 1] == s[1])
            return (uint16_t)((unsigned char)s[0] * 256u + (unsigned char)s[1]);
    if (length)
        xmc_cell_error(t, column, "an ISO 3166 alpha-2 country code such as CN");
    return 0;
}

xmc_perils xmc_load_perils(xmc_table *t, size_t column) {
    size_t length;
    xmc_perils p = 0;
    const char *s = xmc_cell_text(t, column, &length);
    if (length && !xmc_perils_parse(s, length, &p))
        xmc_cell_error(t, column, "OED peril codes joined by ';', such as WW1;OO1, or XCY");
    return p;
}

const char *xmc_load_text(xmc_loader *l, xmc_table *t, size_t column) {
    size_t length;
    const char *s = xmc_cell_text(t, column, &length);
    const char *kept = xmc_arena_copy(l->arena, s, length);
    if (!kept)
        xmc_cell_error(t, column, "room in memory");
    return kept;
}

uint32_t xmc_load_account(xmc_loader *l, xmc_table *t, size_t port, size_t acc, bool add,
                          bool *fresh) {
    char key[600];
    size_t n_port, n_acc;
    const char *p = xmc_cell_text(t, port, &n_port), *q = xmc_cell_text(t, acc, &n_acc);
    if (fresh)
        *fresh = false;
    if (!n_port || !n_acc)
        return UINT32_MAX;
    if (n_port + n_acc + 1 > sizeof key) {
        xmc_cell_error(t, acc, "PortNumber and AccNumber of less than %zu bytes together",
                       sizeof key);
        return UINT32_MAX;
    }
    memcpy(key, p, n_port);
    key[n_port] = '\x1f';
    memcpy(key + n_port + 1, q, n_acc);
    if (!add)
        return xmc_names_find(&l->accounts, key, n_port + 1 + n_acc);
    uint32_t i = xmc_names_add(&l->accounts, key, n_port + 1 + n_acc, fresh);
    if (i == UINT32_MAX)
        xmc_cell_error(t, acc, "room in memory");
    return i;
}

/* ---- keys ---- */

typedef struct {
    uint32_t account, extra;
} key_head;

static key_head head_of(const char *text) {
    key_head h;
    memcpy(&h, text - sizeof h, sizeof h);
    return h;
}

static uint64_t key_hash(key_head h, const char *text, size_t length) {
    return xmc_hash_bytes(text, length, (uint64_t)h.account << 32 | h.extra);
}

const char *xmc_keys_add(xmc_key_set *set, xmc_arena *arena, uint32_t account, uint32_t extra,
                         const char *text, size_t length, bool *known) {
    *known = false;
    if (2 * (set->n + 1) > set->n_slots) {
        size_t n = set->n_slots ? 2 * set->n_slots : 1024;
        const char **slot = calloc(n, sizeof *slot);
        if (!slot)
            return NULL;
        for (size_t i = 0; i < set->n_slots; i++) {
            const char *s = set->slot[i];
            if (!s)
                continue;
            size_t j = key_hash(head_of(s), s, strlen(s)) & (n - 1);
            while (slot[j])
                j = (j + 1) & (n - 1);
            slot[j] = s;
        }
        free(set->slot);
        set->slot = slot;
        set->n_slots = n;
    }
    key_head h = {account, extra};
    size_t mask = set->n_slots - 1, i = key_hash(h, text, length) & mask;
    for (; set->slot[i]; i = (i + 1) & mask) {
        key_head g = head_of(set->slot[i]);
        if (g.account == account && g.extra == extra && !strcmp(set->slot[i], text)) {
            *known = true;
            return NULL;
        }
    }
    char *s = xmc_arena_copy_behind(arena, sizeof h, text, length);
    if (!s)
        return NULL;
    memcpy(s - sizeof h, &h, sizeof h);
    set->n++;
    return set->slot[i] = s;
}

void xmc_keys_free(xmc_key_set *set) {
    free(set->slot);
    *set = (xmc_key_set){0};
}

const char **xmc_pack_names(const char *const *names, size_t n) {
    size_t bytes = n * sizeof *names;
    for (size_t i = 0; i < n; i++)
        bytes += strlen(names[i]) + 1;
    const char **packed = malloc(bytes ? bytes : 1);
    if (!packed)
        return NULL;
    char *text = (char *)(packed + n);
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(names[i]) + 1;
        packed[i] = memcpy(text, names[i], length);
        text += length;
    }
    return packed;
}
