/* Vector body of an account's policy terms; after ground_up_body.h, whose vectors of terms it uses.
 */

static void account_terms(const xmc_terms *t, const xmc_layer *y, const double *x, size_t n,
                          double *out, double grid, double inv_grid) {
    const v_terms k = {v_set_f64(t->ded_amount),   v_set_f64(t->ded_share),
                       v_set_f64(t->ded_min),      v_set_f64(t->ded_max),
                       v_set_f64(t->limit_amount), v_set_f64(t->limit_share)};
    const v_f64 attachment = v_set_f64(y->attachment), most = v_set_f64(y->limit);
    const v_f64 participation = v_set_f64(y->participation), zero = v_set_f64(0.0);
    const v_f64 offset = v_set_f64(0x1.8p52 * grid);
    (void)inv_grid;
    for (size_t l = 0; l < n; l += V_W) {
        const size_t part = n - l < V_W ? n - l : V_W;
        v_f64 z = part == V_W ? v_load_f64(x + l) : v_load_part(x + l, part);
        z = v_terms_loss(z, &k);
        z = v_min(v_max(v_sub(z, attachment), zero), most);
        z = v_grid_round(v_mul(z, participation), offset);
        if (part == V_W)
            v_store_f64(out + l, z);
        else
            v_store_part(out + l, part, z);
    }
}
