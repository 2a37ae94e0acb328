#include "scenarios/book.h"
#include "scenarios/common/arena.h"

#include <stdlib.h>

void xmc_book_free(xmc_book *b) {
    free(b->regions);
    free(b->vulnerability_classes);
    free(b->lobs);
    free(b->policies);
    free(b->locations);
    free(b->term_sets);
    free(b->conditions);
    free(b->location_tags);
    free(b->tags);
    free(b->account_terms);
    free(b->treaties);
    free(b->scopes);
    free(b->reinsurers);
    free(b->signed_shares);
    free(b->credit_policies);
    free(b->obligors);
    free(b->instruments);
    free(b->lots);
    free(b->corporate_actions);
    free(b->derivatives);
    if (b->storage) {
        xmc_arena_free(b->storage);
        free(b->storage);
    }
    *b = (xmc_book){0};
}
