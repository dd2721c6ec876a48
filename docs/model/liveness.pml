/*
 * What waits is served in the end: a due date, a rotation by hand, a revoke, a filler. The model is that of protocol.pml,
 * with both workers as they are, leases that end, and a number of faults (lost and refused answers, crashes, leases that
 * end too early, an app whose releases fail for good) after which Heroku answers.
 *
 *   spin -a liveness.pml && gcc -O2 -DNFAIR=3 -o pan pan.c && ./pan -a -f -m100000
 */

#define ZOMBIES
#ifndef FAULTS
#define FAULTS 3
#endif
#ifndef RESTORE
#define RESTORE NEVER
#endif
#ifndef DUES
#define DUES 1
#endif
#ifndef PRESSES
#define PRESSES 1
#endif
#ifndef REVOKES
#define REVOKES 1
#endif
#ifndef ROLLBACKS
#define ROLLBACKS 0
#endif
#define FILLERS 0

#include "protocol.pml"

ltl served { [] <> (age < DUE && reason == 0 && filler == 0) }
