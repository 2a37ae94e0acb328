/* Reinsurance of book H. */
#include "scenarios/generate/parts.h"

xmc_status gen_write_treaties(const gen_spec *s, const char *dir, xmc_diag *diag) {
    gen_file info = {0}, scope = {0};
    xmc_status status =
        gen_open(&info, dir, "reins_info.csv",
                 "ReinsNumber,ReinsName,ReinsType,ReinsPeril,ReinsInceptionDate,ReinsExpiryDate,"
                 "InuringPriority,ReinsCurrency,CededPercent,PlacedPercent,OccAttachment,OccLimit,"
                 "AggAttachment,AggLimit,Reinstatement,ReinstatementCharge,ReinsPremium",
                 diag);
    if (status == XMC_OK)
        status =
            gen_open(&scope, dir, "reins_scope.csv", "ReinsNumber,PortNumber,AccNumber,LOB", diag);
    for (uint32_t i = 0; status == XMC_OK && i < s->treaties_count; i++) {
        const gen_treaty *t = &s->treaties[i];
        fprintf(info.f, "%s,%s,%s,%s,%s,%s,%u,CNY,%g,1,%.0f,%.0f,%.0f,%.0f,%u,%d,%.0f\n", t->number,
                t->name, t->type, t->perils, s->inception, s->expiry, t->priority, t->ceded,
                t->attachment, t->limit, t->aggregate_attachment, t->aggregate_limit,
                t->reinstatements, t->reinstatements ? 1 : 0, t->premium);
        for (uint32_t k = 0; k < t->lobs_count; k++)
            fprintf(scope.f, "%s,,,%s\n", t->number, t->lobs[k]);
    }
    xmc_status a = gen_close(&info), b = gen_close(&scope);
    return status != XMC_OK ? status : a != XMC_OK ? a : b;
}
