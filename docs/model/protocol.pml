/*
 * The rotation of one resource: two workers, a person, Heroku, time, and a database that is once put back to an older
 * state. README.md beside this file says what each part stands for, and which guard in the code each NO_... takes out.
 *
 *   spin -a protocol.pml && gcc -O2 -DSAFETY -DNOFAIR -o pan pan.c && ./pan -m100000
 */

/* How the database is put back: the whole of it, seen by the epoch; */
#define WHOLE 1
/* the tables of the keys and their history, not seen by any epoch; */
#define TABLES 2
/* one row and its keys, the history stands. */
#define ROW 3
#define NEVER 4

#ifndef RESTORE
#define RESTORE WHOLE
#endif
/* Due dates that come, rotations that a person asks for, revokes, rollbacks of the app. */
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
#define ROLLBACKS 1
#endif
/* Fillers after an ended grace period. */
#ifndef FILLERS
#define FILLERS 1
#endif

/*
 * A key is one number: its version in the low four bits; LATER is added to keys made after the database was put back,
 * so that two keys which bear the same version are still two keys.
 */
#define LATER 16
#define UNSAVED 96 /* made and pushed without having been stored; only without the guard STORED_FIRST */
#define version(key) ((key) & 15)
#define newKey(number) ((phase == 2 -> LATER : 0) | (number))
#define newer(a, b) ((a) > (b) -> (a) : (b))

/* How two keys are ordered by what the service knows of them: by epoch, then version. */
#if RESTORE == WHOLE && !defined(NO_EPOCH_IN_NUMBERS)
#define number(key) (key)
#else
#define number(key) version(key)
#endif

/* ---- The database ---- */

byte current = 1, second = 2, pending = 0, filler = 0;
byte last = 2;       /* the highest version ever used */
byte revokedTo = 0;
byte reason = 0;     /* of the open rotation: 0 none, then */
#define SCHEDULED 1
#define MANUAL 2
#define REVOKE 3
#define FILLER 4     /* what a worker is at, beside a rotation */
#define CHECK 5
bit openedIn = 0;    /* the epoch in which the rotation was opened */
byte lease = 0;      /* 0 free */
#define HELD 1
#define OVER 2
byte age = 0;        /* since the last rotation */
#define GRACE_OVER 1
#define DUE 2
#define LATE 3       /* due for more than ten minutes */
#define CEILING 4    /* nobody waits for an app any longer */
byte look = 0;       /* 0 none is due, or in an hour, in two minutes, now */
#define HOUR 1
#define SOON 2
#define NOW 3
bit epoch = 0, confirmed = 0;
bit foreign = 0;
bit doubtful = 0;    /* another call can still arrive; until the next look, a push reads first */
bit heldBack = 0;    /* an app was seen that signs with the key which would leave */

/* A filler is made after the key beside it, or with it. */
#define isFiller(first, other) ((other) > (first))
#define published(first, other) ((first) == current && (other) == second)

/* ---- The older state that the database is put back to ---- */

byte phase = 0;      /* 0 nothing happened, 1 the older state is remembered, 2 the database was put back */
byte oldCurrent, oldSecond, oldPending, oldFiller, oldLast, oldRevokedTo, oldReason, oldAge;
short history = 0;   /* after that: the versions from before which the history knows, one bit each */
bit looked = 1;      /* in the present epoch Heroku was looked at */
#if RESTORE == ROW
byte historyLast = 0; /* once a row was put back: the highest version that the history tells of */
#define everMade newer(last, historyLast)
#else
#define everMade last
#endif
bit epochDue = 0;    /* nobody has looked at the epoch since */

#define known(key) (!((key) & UNSAVED) && (phase < 2 || RESTORE == ROW || ((key) & LATER) || \
  ((history >> version(key)) & 1)))
/* Not only unknown, but newer than all that is known. */
#define beyondUs(key) (((key) & UNSAVED) || (!known(key) && (history >> version(key)) == 0 && !displaced))
/*
 * A key that signs, and that no machine may drop: one of the row; one that a restored database does not know; and one that
 * Heroku has and that is to become current, unless the row was put back or a pair was adopted since it was made.
 */
#define mustStay(key) ((key) == current || (key) == second || !known(key) || \
  ((key) > newer(current, dropped) && (phase < 2 || ((key) & LATER))))
#define revokedHere(key) (revokedTo != 0 && number(key) <= number(revokedTo))

/* ---- Heroku: the pair, the release that a rollback brings back, the app, calls under way ---- */

byte first = 1, other = 2;
byte olderFirst = 0, olderOther = 0;
byte running = 1;    /* the key that the app signs with: its present release */

#define late 1
byte callState[2];   /* 0 none */
#define SENT 1
#define APPLIED 2
#define REFUSED 3
byte callFirst[2], callOther[2], callFor[2];
bit callLate[2];     /* what it was decided on has changed since: nothing at Heroku can hold it back */

/* ---- Workers ---- */

byte at[2];          /* 0 idle */
#define LOOK 1
#define MAKE 2
#define SEND 3
#define WAIT 4
#define WRITE 5
#define ADOPT 6
byte doing[2], toFirst[2], toOther[2];
bit changed[2];      /* somebody has changed the resource since it was read: its revision differs */
bit pushed[2];       /* by this claim */
bit doubted[2];      /* Heroku was to be read before its push */
bit past[2];         /* its call is of a past that the database has lost */
bit again[2];        /* the pair was stored by an earlier claim */
bit valid[2];        /* its claim is the present one */
bit stale[2];        /* what Heroku holds has changed since it looked, or claimed */

#if defined(NO_FENCE) || defined(NO_REVISION) || defined(FENCES)
#define COPIES       /* a worker writes the row as it has read it */
#undef ZOMBIES
#define ZOMBIES      /* a worker that has lost its claim goes on, and does not know it */
byte itsCurrent[2], itsSecond[2], itsPending[2], itsFiller[2], itsLast[2], itsRevokedTo[2], itsReason[2];
#endif

#ifdef FENCES
/*
 * Fence and revision come back with the database: both are counted from the state to which it is put back. A claim of
 * before that, and one that was given up, has neither.
 */
#define MANY 5
#define NONE 7
byte fence = 0, revision = 0, itsFence[2] = NONE, itsRevision[2] = NONE;
#endif

#ifdef NO_FENCE
#define holds(w) true
#else
#define holds(w) valid[w]
#endif

#if defined(FENCES) && !defined(NO_VERSION_IN_FENCE)
#define sameVersion(w) (itsLast[w] == last)
#else
#define sameVersion(w) true
#endif

#ifdef NO_REVISION
#define unchanged(w) true
#else
#define unchanged(w) (!changed[w])
#endif

/* ---- What nobody in the model can read: the truth, for the invariants ---- */

byte trueCurrent = 1, trueSecond = 0; /* the newest pair that Heroku ever held; a filler counts as none */
byte trueAge = 0;                     /* of that: 0 old, 1 its grace period is over, 2 young */
byte leaked = 0;                      /* keys up to this one were revoked, and someone still knows */
byte highest = 1;                     /* the newest key that was ever current */
bit lost = 0;                         /* the database was put back, and rotations are missing in it */
bit displaced = 0;                    /* Heroku has taken a push made since */
bit pressed = 0;                      /* a person waits for a rotation */
bit learned = 0;                      /* an adopted pair bore witness of a revoke that the database had forgotten */
byte dropped = 0;                     /* an adoption has taken the place of all keys up to this one */
bit rolledBack = 0;
bit rolledMeanwhile = 0;              /* Heroku came to hold an older pair while a key was on its way, whose retry asks no app */

byte dues = DUES, presses = PRESSES, revokes = REVOKES, rollbacks = ROLLBACKS, fillers = FILLERS;

#define isLeaked(key) ((key) != 0 && (key) <= leaked)

/* Invariants have names, and a violation prints its name. */
bit two_currents, current_not_stored, unknown_overwritten, newer_overwritten, below_witness, revoked_pushed,
  revoked_adopted, revoked_left, drift_left, in_use_dropped, dropped_early, needless_release, request_lost,
  revoke_waits;
#define mustNot(name, wrong) name = (wrong); assert(!name)

/* For liveness, what goes wrong comes to an end (liveness.pml). For safety it never does. */
#ifdef FAULTS
byte faults = FAULTS;
#define mayFail (faults > 0)
#define failed faults--
byte attempts = 0;   /* that failed; after the last one the rotation is stuck */
#define stuck (attempts == 2)
#define attemptFailed attempts = (attempts < 2 -> attempts + 1 : 2)
#define attemptsEnd attempts = 0
bit appFails = 0;    /* its release command fails for good */
#else
#define mayFail true
#define failed skip
#define stuck false
#define attemptFailed skip
#define attemptsEnd skip
#define appFails false
#endif

/* ---- Shared pieces ---- */

/* A call of it may still change what Heroku holds. */
#ifdef ZOMBIES
#define mayPush(w) (callState[w] != 0 || (at[w] != 0 && !valid[w]))
#else
#define mayPush(w) (callState[w] != 0)
#endif
#define callsEnded (!mayPush(0) && !mayPush(1))
#define aboutToPush(w) (at[w] >= LOOK && at[w] <= SEND)
/* Two minutes on, every call from before has ended, and so has every lease. */
#ifdef NO_CALL_LIMIT
#define twoMinutesOn true
#else
#define twoMinutesOn (callsEnded && !aboutToPush(0) && !aboutToPush(1))
#endif

/* The first tick after the database was put back, and the first request of a person, raise the epoch. */
inline lookAtEpoch() {
#ifndef NO_EPOCH
  if
  :: epochDue -> epoch = 1
  :: else
  fi;
#endif
  epochDue = 0
}

/* What neither the database nor Heroku remembers, a revoke or a pair, is in nobody's power. */
inline forget() {
  if
  :: leaked > 0 && leaked < LATER && revokedTo < leaked && !learned &&
     !(first > leaked && first < LATER) -> leaked = 0
  :: else
  fi;
  if
  :: !known(trueCurrent) && first != trueCurrent && other != trueCurrent ->
     trueCurrent = current; trueSecond = (!isFiller(current, second) && other == second -> second : 0);
     trueAge = 0; lost = 0
  :: else
  fi
}

/* By somebody who does not hold the claim: its revision rises. */
inline resourceChanged() {
  changed[0] = (at[0] != 0); changed[1] = (at[1] != 0);
#ifdef FENCES
  revision = (phase > 0 && revision < MANY -> revision + 1 : revision)
#endif
}

inline decisionsAreStale() {
  stale[0] = (at[0] >= LOOK && at[0] <= SEND); stale[1] = (at[1] >= LOOK && at[1] <= SEND)
}

#define asked(w) (at[w] == MAKE || at[w] == SEND)
#define onItsWay (pending != 0 || filler != 0 || asked(0) || asked(1))
inline configChanged() {
  decisionsAreStale();
  rolledMeanwhile = rolledMeanwhile || (onItsWay && first != current && first != pending);
  callLate[0] = (callState[0] == SENT); callLate[1] = (callState[1] == SENT);
  forget()
}

inline endCall(w) {
  callState[w] = 0; callFirst[w] = 0; callOther[w] = 0; callFor[w] = 0; callLate[w] = 0; past[w] = 0
}

inline endWork(w) {
  at[w] = 0; doing[w] = 0; toFirst[w] = 0; toOther[w] = 0; changed[w] = 0; again[w] = 0; valid[w] = 0;
  stale[w] = 0; pushed[w] = 0; doubted[w] = 0;
#ifdef FENCES
  itsFence[w] = NONE; itsRevision[w] = NONE;
#endif
#ifdef COPIES
  itsCurrent[w] = 0; itsSecond[w] = 0; itsPending[w] = 0; itsFiller[w] = 0; itsLast[w] = 0; itsRevokedTo[w] = 0;
  itsReason[w] = 0;
#endif
  if
  :: callState[w] != SENT -> endCall(w)
  :: else
  fi
}

inline giveBack(w) {
  if
  :: holds(w) -> lease = 0
  :: else
  fi;
  endWork(w)
}

/*
 * A worker that has lost its claim, or has died, can write nothing. All that is left of it is the call that it has
 * begun, or begins before it knows: `late`. There is one such call at a time.
 */
#define mayBecomeLate(w) \
  (callState[late] == 0 && (callState[w] == SENT || (callState[w] == 0 && at[w] == SEND)))

inline leaveCall(w) {
  if
  :: mayBecomeLate(w) ->
     callState[late] = SENT; callFirst[late] = toFirst[w]; callOther[late] = toOther[w]; callFor[late] = doing[w];
     callLate[late] = 1
  :: else
  fi
}

/* Whoever was at the resource has lost it. */
inline takeFromWorkers() {
#ifdef FENCES
  fence = (phase > 0 && fence < MANY -> fence + 1 : fence);
#ifdef NO_FENCE_ONCE
  /* After the fall the same numbers are given once more. */
  valid[0] = (phase == 2 && fence < MANY && itsFence[0] == fence);
  valid[1] = (phase == 2 && fence < MANY && itsFence[1] == fence);
#else
  valid[0] = 0; valid[1] = 0;
#endif
#elif defined(ZOMBIES)
  valid[0] = 0; valid[1] = 0;
#else
  leaveCall(0); endCall(0); endWork(0);
#endif
}

/* ---- Decisions ---- */

/* Every attached app is seen on a release with the current key, or it could lose nothing, or time is up. */
#ifdef NO_ADOPTION
#define mayDrop true
#elif defined(NO_PRESENT_RELEASE)
byte seen = 1; /* the newest key that some release was seen to carry */
#define mayDrop (isFiller(current, second) || seen == current || age == CEILING)
#else
#define mayDrop (isFiller(current, second) || (running != second && first != second) || age == CEILING)
#endif

#ifdef NO_FOREIGN_STOPS
#define held false
#else
#define held foreign
#endif

#define rotationWaits (!stuck && (reason == REVOKE || (reason != 0 && !held && (pending != 0 || mayDrop))))
#define dueWaits (reason == 0 && age >= DUE && !held && mayDrop)
#define fillerStored (reason == 0 && filler != 0 && !held)
#ifdef NO_GRACE
#define graceIsOver true
#else
#define graceIsOver (age >= GRACE_OVER)
#endif
#define fillerWaits (fillers > 0 && reason == 0 && filler == 0 && graceIsOver && !isFiller(current, second) && \
  !held && mayDrop)
/* While a revoke is open, the published pair is not put back. */
/* A worker asks which release the apps are on, before it makes a key. */
#define mustHoldBack (!mayDrop && !heldBack && !held && !putBack && !stuck && filler == 0 && pending == 0 && reason != REVOKE && \
  (reason != 0 || age >= DUE || (fillers > 0 && graceIsOver && !isFiller(current, second))))
#ifdef NO_PUT_BACK_WHILE_HELD
#define checkWaits (look == NOW && reason != REVOKE && !heldBack)
#else
#define checkWaits (look == NOW && reason != REVOKE)
#endif

#if RESTORE == ROW && !defined(NO_HISTORY_COMPARE)
/* The row is older than its history: somebody has put it back. It is told, and nothing is believed of it. */
#define putBack (last < historyLast)
#else
#define putBack false
#endif

#define somethingWaits (!putBack && (rotationWaits || dueWaits || fillerStored || fillerWaits || checkWaits))

#ifdef NO_READ_BACK
#define retryDoubt false
#else
#define retryDoubt true
#endif
#ifdef NO_LATE_DOUBT
#define lateDoubt false
#else
#define lateDoubt (age >= LATE)
#endif
#ifdef NO_NEAR_LOOK
#define nearDoubt false
#else
#define nearDoubt doubtful
#endif
#define inDoubt (confirmed != epoch || lateDoubt || nearDoubt)

/* One statement claims the resource and reads it; what it needs is decided on that. */
inline claim(w) {
  rolledMeanwhile = rolledMeanwhile && onItsWay;
  lookAtEpoch();
  takeFromWorkers();
#ifdef ZOMBIES
  lease = HELD;
#endif
  valid[w] = 1;
#ifdef FENCES
  itsFence[w] = fence; itsRevision[w] = revision;
#endif
#ifdef COPIES
  itsCurrent[w] = current; itsSecond[w] = second; itsPending[w] = pending; itsFiller[w] = filler; itsLast[w] = last;
  itsRevokedTo[w] = revokedTo; itsReason[w] = reason;
#endif
  if
  :: rotationWaits && pending != 0 ->
     doing[w] = reason; toFirst[w] = pending; toOther[w] = (reason == REVOKE -> filler : current); again[w] = 1
  :: rotationWaits && pending == 0 -> doing[w] = reason
  :: !rotationWaits && dueWaits -> doing[w] = SCHEDULED
  :: !rotationWaits && !dueWaits && fillerStored ->
     doing[w] = FILLER; toFirst[w] = current; toOther[w] = filler; again[w] = 1
  :: !rotationWaits && !dueWaits && !fillerStored && fillerWaits -> doing[w] = FILLER
  :: else -> doing[w] = CHECK; toFirst[w] = current; toOther[w] = second
  fi;
#ifdef NO_SAME_KEY
  if
  :: again[w] && doing[w] != REVOKE -> toFirst[w] = 0; toOther[w] = 0; again[w] = 0
  :: else
  fi;
#endif
  doubted[w] = (inDoubt && doing[w] != REVOKE && doing[w] != CHECK);
  if
  :: doing[w] == CHECK || (again[w] && (retryDoubt || inDoubt)) -> at[w] = LOOK
#ifdef NO_OLD_REVOKE_DOUBT
  :: doing[w] == REVOKE && !again[w] -> at[w] = MAKE
#else
  :: doing[w] == REVOKE && !again[w] -> at[w] = (openedIn == epoch -> MAKE : LOOK)
#endif
  :: again[w] && !(retryDoubt || inDoubt) -> at[w] = SEND
  :: doing[w] != CHECK && doing[w] != REVOKE && !again[w] -> at[w] = (inDoubt -> LOOK : MAKE)
  fi
}

/* The pair that is being published. */
#define expected(a, b) ((reason != 0 && pending != 0 && (a) == pending && (b) == (reason == REVOKE -> filler : current)) || \
  (reason == 0 && filler != 0 && (a) == current && (b) == filler))
#define asExpected (published(first, other) || expected(first, other))

/* An unknown pair under our MAC: of an epoch before that of the revoke, or with a number that was revoked. */
#if defined(NO_EPOCH_IN_NUMBERS) || RESTORE != WHOLE
#define ofRevokedEpoch false
#else
#define ofRevokedEpoch ((revokedTo & LATER) && !(first & LATER))
#endif
#ifdef NO_REVOKED_NUMBER
#define hasRevokedNumber false
#else
#define hasRevokedNumber (version(first) <= version(revokedTo) || version(other) <= version(revokedTo))
#endif
#define revokedUnknown (ofRevokedEpoch || hasRevokedNumber)
/* Under our MAC, and newer than all that is known: this database is a past. */
#define isAhead (confirmed != epoch && !ofRevokedEpoch && (known(first) -> \
  first == current && isFiller(first, other) && !known(other) : version(first) > version(current)))
#define bothKnown (known(first) && known(other))
/* A pair of ours, and newer than the row says: nothing is pushed below it. */
#ifdef NO_FLOOR
#define isBelow false
#else
#define isBelow (version(first) > version(current))
#endif
#ifdef NO_REVOKED_CHECK
#define isForeign (bothKnown -> isBelow || revokedHere(first) || revokedHere(other) : true)
#else
#define isForeign (bothKnown -> isBelow : !revokedUnknown)
#endif
/* The witness says that the revoke which is open here was done. */
#define revokeWasDone (openedIn != epoch && isAhead && number(first) > number(revokedTo))

/* A look that finds what is expected changes nothing, so it is left out. */
#define mayDiffer (!callsEnded || aboutToPush(0) || aboutToPush(1) || !published(first, other))

/* Because of an app that would lose its key. The first time, the config is compared: the app may have been rolled back. */
inline holdBack() {
#ifndef NO_PUT_BACK_WHILE_HELD
  if
  :: !heldBack && mayDiffer -> look = NOW
  :: else
  fi;
#endif
  heldBack = 1
}

/* The config was read, and does not hold what is to be pushed: push it, or first make it. */
inline goOn(w) {
  if
  :: doing[w] == CHECK && holds(w) && unchanged(w) -> at[w] = SEND
#ifdef NO_ASKED_LAST
  :: doing[w] != CHECK && !again[w] -> at[w] = MAKE
#endif
  :: doing[w] != CHECK && again[w] -> at[w] = SEND /* it was asked for this key before */
  :: doing[w] != CHECK && !again[w] && (mayDrop || doing[w] == REVOKE) -> at[w] = MAKE
  :: else ->
     if
     :: unchanged(w) -> holdBack()
     :: else
     fi;
     giveBack(w)
  fi
}

/* Only a push of this epoch confirms it: what a look has found may be gone before the next push. */
inline settle(w) {
  looked = 1;
  if
#ifndef NO_PUSH_CONFIRMS
  :: pushed[w] -> confirmed = epoch
  :: else
#else
  :: true -> confirmed = epoch
#endif
  fi
}

/* What Heroku holds decides. */
inline judge(w) {
  stale[w] = 0; doubted[w] = (doing[w] == CHECK -> past[0] || past[1] : doubted[w]);
  if
  :: doing[w] != CHECK && again[w] && first == toFirst[w] && other == toOther[w] -> at[w] = WRITE
  :: else ->
     if
     :: doing[w] == REVOKE && revokeWasDone -> at[w] = ADOPT; toFirst[w] = first; toOther[w] = other
     :: doing[w] == REVOKE && !revokeWasDone -> goOn(w)
     :: doing[w] != REVOKE && doing[w] == CHECK && asExpected -> at[w] = WRITE
     :: doing[w] != REVOKE && !(doing[w] == CHECK && asExpected) ->
        if
        :: published(first, other) || first == 0 -> goOn(w)
        :: !published(first, other) && first != 0 && isAhead ->
#ifdef NO_ADOPT
           goOn(w)
#else
           at[w] = ADOPT; toFirst[w] = first; toOther[w] = other
#endif
#ifndef NO_FOREIGN_STOPS
        :: !published(first, other) && first != 0 && !isAhead && isForeign ->
           if
           :: unchanged(w) -> foreign = 1; looked = 1; rolledBack = 0; look = 0; heldBack = 0
           :: else
           fi;
           giveBack(w)
#endif
        :: else -> goOn(w)
        fi
     fi
  fi
}

inline readBackCopy(w) {
#ifdef COPIES
  current = itsCurrent[w]; second = itsSecond[w]; pending = itsPending[w]; filler = itsFiller[w]; last = itsLast[w];
  revokedTo = itsRevokedTo[w]; reason = itsReason[w]
#else
  skip
#endif
}

/* The new key is stored together with the intent, or nothing is. */
inline make(w) {
  if
  :: holds(w) && unchanged(w) && sameVersion(w) ->
     readBackCopy(w);
     if
     :: doing[w] == REVOKE ->
        toFirst[w] = newKey(last + 1); toOther[w] = newKey(last + 2); last = last + 2;
        pending = toFirst[w]; filler = toOther[w]
     :: doing[w] == FILLER ->
        toFirst[w] = current; toOther[w] = newKey(last + 1); last = last + 1; filler = toOther[w]; fillers--
     :: else ->
        if
        :: reason == 0 -> reason = SCHEDULED; openedIn = epoch
        :: else
        fi;
#ifdef NO_SECOND_KEPT
        toFirst[w] = newKey(last + 1); toOther[w] = newKey(last + 2); last = last + 2;
        pending = toFirst[w]; filler = toOther[w]
#elif defined(NO_STORED_FIRST)
        toFirst[w] = newKey(last + 1) | 32; toOther[w] = current;
        toFirst[w] = (first == toFirst[w] -> toFirst[w] + 32 : toFirst[w])
#else
        toFirst[w] = newKey(last + 1); toOther[w] = current; last = last + 1; pending = toFirst[w]
#endif
     fi;
#ifdef COPIES
     itsPending[w] = pending; itsFiller[w] = filler; itsLast[w] = last; itsReason[w] = reason;
#endif
     if
     :: doing[w] != REVOKE -> looked = 1
     :: else
     fi;
     at[w] = SEND
  :: else -> giveBack(w)
  fi
}

inline send(w) {
  callState[w] = SENT; callFirst[w] = toFirst[w]; callOther[w] = toOther[w]; callFor[w] = doing[w];
  callLate[w] = stale[w] || !valid[w];
  mustNot(revoked_pushed, !callLate[w] && (isLeaked(toFirst[w]) || isLeaked(toOther[w])));
  at[w] = WAIT; stale[w] = 0; pushed[w] = 1
}

inline lookAgain(when) {
  if
  :: !mayDiffer -> look = 0; doubtful = 0
#ifndef NO_LOOK_KEPT
  /* One that was due earlier is put off by two minutes at most. */
  :: mayDiffer && look >= SOON -> look = SOON; doubtful = ((when) == SOON)
  :: mayDiffer && look < SOON -> look = when; doubtful = ((when) == SOON)
#else
  :: mayDiffer -> look = when; doubtful = ((when) == SOON)
#endif
  fi
}

/* A call from before it may still arrive: of an earlier attempt, or of a past that the database has lost. */
#ifdef NO_DOUBT_LOOK
#define lookAfter(w) (again[w] || doing[w] == REVOKE -> SOON : HOUR)
#else
#define lookAfter(w) (again[w] || doubted[w] || doing[w] == REVOKE -> SOON : HOUR)
#endif

/* Heroku has the pair: it becomes the truth here. */
inline promote(w) {
  if
  :: doing[w] == FILLER && reason == 0 && filler == toOther[w] && current == toFirst[w] ->
     settle(w); second = toOther[w]; filler = 0; heldBack = 0; lookAgain(lookAfter(w))
#if defined(NO_SECOND_KEPT) || defined(NO_STORED_FIRST)
  :: doing[w] != FILLER && reason == doing[w] ->
#else
  :: doing[w] != FILLER && reason != 0 && version(pending) == version(toFirst[w]) &&
     toOther[w] == (reason == REVOKE -> filler : current) ->
#endif
     mustNot(two_currents, toFirst[w] <= highest);
     mustNot(current_not_stored, phase == 2 && !known(toFirst[w]));
     settle(w); highest = toFirst[w];
     current = toFirst[w]; second = toOther[w]; pending = 0; filler = 0;
     if
     :: reason == MANUAL -> pressed = 0
     :: else
     fi;
     reason = 0; openedIn = 0; heldBack = 0; attemptsEnd;
#ifdef NO_HALF_PERIOD
     age = (age >= LATE && dues > 0 -> DUE : 0);
#elif defined(NO_DUE_ONCE)
     age = (age >= DUE -> DUE : 0);
#else
     age = 0;
#endif
     lost = 0;
#ifdef NO_LATE_CHECK
     lookAgain(HOUR)
#else
     lookAgain(lookAfter(w))
#endif
  :: else
  fi;
  giveBack(w)
}

inline writeDown(w) {
  if
  :: !holds(w) -> endWork(w)
  :: holds(w) && doing[w] == CHECK ->
     if
     :: unchanged(w) && sameVersion(w) ->
        settle(w); foreign = 0;
#ifdef NO_DOUBT_LOOK
        look = 0; doubtful = 0
#else
        /* In the first two minutes of an epoch. */
        look = (doubted[w] -> SOON : 0);
#ifdef NO_EARLY_DOUBT
        doubtful = 0
#else
        doubtful = doubted[w]
#endif
#endif
     :: else
     fi;
     giveBack(w)
  :: holds(w) && doing[w] != CHECK ->
     if
     :: unchanged(w) && sameVersion(w) -> readBackCopy(w)
     :: else
     fi;
     promote(w)
  fi
}

/* What Heroku holds becomes the keyset; numbering goes on above it. */
inline adoptPair(a, b) {
  dropped = newer(newer(current, pending), dropped);
  current = a; second = b; pending = 0; filler = 0;
  last = newer(everMade, newer(version(a), version(b)));
  if
  :: !(a & LATER) -> history = history | (1 << version(a))
  :: else
  fi;
  if
  :: !(b & LATER) -> history = history | (1 << version(b))
  :: else
  fi;
  if
  :: leaked > 0 && leaked < LATER && a > leaked && a < LATER && revokedTo < leaked ->
     learned = 1;
#ifndef NO_REVOKED_IN_WITNESS
     revokedTo = leaked
#endif
  :: else
  fi;
  /* What was under way is superseded, and the person who asked for it is told. */
  reason = 0; openedIn = 0; pressed = 0; attemptsEnd;
#ifdef NO_ADOPT_LOOK
  look = 0; doubtful = 0;
#else
  lookAgain(SOON);
#endif
#ifndef NO_ADOPT_DATE
  age = 0;
#endif
  highest = newer(highest, a);
  looked = 1; foreign = 0; heldBack = 0; lost = 0
}

inline takeOver(w) {
  if
  :: holds(w) && unchanged(w) && sameVersion(w) ->
     mustNot(revoked_adopted, isLeaked(toFirst[w]));
     adoptPair(toFirst[w], toOther[w]);
     giveBack(w)
  :: else -> giveBack(w)
  fi
}

/* Its call stays on its way, if it has not arrived. */
inline giveUp(w) {
#ifndef ZOMBIES
  if
  :: callState[w] == SENT -> leaveCall(w); endCall(w)
  :: else
  fi
#else
  skip
#endif
}

#ifdef ZOMBIES
/* Two idle workers are the same worker twice. */
#define mayClaim(w) (lease != HELD && at[w] == 0 && callState[w] == 0 && (w == 0 || at[0] != 0 || callState[0] != 0))
#else
#define mayClaim(w) (at[w] == 0)
#endif

proctype Worker(byte w) {
end:
  do
  :: d_step { mayClaim(w) && somethingWaits -> claim(w) }
  :: d_step { mayClaim(w) && mustHoldBack -> lookAtEpoch(); takeFromWorkers(); lease = 0; holdBack() }
#if RESTORE == ROW
  :: d_step { at[w] == 0 && putBack -> foreign = 1; last = historyLast; look = SOON; heldBack = 0 }
#endif
  :: d_step { at[w] == LOOK && holds(w) -> judge(w) }
#ifdef ZOMBIES
  :: d_step { at[w] == LOOK && !holds(w) -> giveBack(w) }
#endif
  :: d_step { at[w] == MAKE -> make(w) }
  :: d_step { at[w] == SEND && callState[w] == 0 -> send(w) }
  :: d_step { at[w] == WAIT && callState[w] == APPLIED -> endCall(w); at[w] = WRITE }
  :: d_step { at[w] == WAIT && callState[w] == REFUSED -> attemptFailed; giveBack(w) }
  /* No answer: the call may be on its way still. */
  :: d_step { at[w] == WAIT && mayFail -> failed; attemptFailed; giveUp(w); giveBack(w) }
  :: d_step { at[w] == WRITE -> writeDown(w) }
  :: d_step { at[w] == ADOPT -> takeOver(w) }
  /* It dies. Its lease ends; until then nobody has the resource. */
  :: d_step { at[w] != 0 && mayFail -> failed; giveUp(w); endWork(w) }
#ifndef ZOMBIES
  /* It lives, and another takes the resource when its lease is over. */
  :: d_step { at[w] != 0 && mayBecomeLate(w) -> leaveCall(w); endCall(w); endWork(w) }
#endif
  od
}

/* ---- Heroku ---- */

inline apply(w, remember) {
  mustNot(needless_release, !callLate[w] && first == callFirst[w] && other == callOther[w]);
  if
  /* A person's revoke overwrites anything; one from before the epoch does not. */
  :: !callLate[w] && (callFor[w] != REVOKE || openedIn != epoch) && first != 0 &&
     !isLeaked(first) && !isLeaked(other) ->
     mustNot(unknown_overwritten, beyondUs(first) || beyondUs(other));
     mustNot(newer_overwritten, first > callFirst[w] && first > dropped);
     mustNot(below_witness, number(first) > number(callFirst[w]) && first > dropped)
  :: else
  fi;
  if
  :: !callLate[w] && callFor[w] != REVOKE && callFor[w] != CHECK ->
     mustNot(in_use_dropped, running != 0 && !isLeaked(running) && (running == trueCurrent || running == trueSecond) &&
       mustStay(running) && running != callFirst[w] &&
       running != callOther[w] && age != CEILING && !rolledMeanwhile);
     mustNot(dropped_early, trueSecond != 0 && (trueSecond == first || trueSecond == other) && callFirst[w] != trueSecond && callOther[w] != trueSecond &&
       ((callFor[w] == FILLER && trueAge == 2) || (callFor[w] == SCHEDULED && trueAge != 0)))
  :: else
  fi;
  displaced = displaced || (phase == 2 && !past[w]);
  if
  :: remember -> olderFirst = first; olderOther = other
  :: else
  fi;
  first = callFirst[w]; other = callOther[w]; rolledBack = 0;
  if
  :: first > trueCurrent ->
     trueCurrent = first; trueSecond = (isFiller(first, other) -> 0 : other);
     trueAge = (trueSecond == 0 || callFor[w] == CHECK -> 0 : 2);
     lost = lost || !known(first)
  :: first == trueCurrent && isFiller(first, other) -> trueSecond = 0; trueAge = 0
  :: else
  fi;
  if
  :: at[w] == WAIT -> callState[w] = APPLIED
  :: else -> endCall(w)
  fi;
  configChanged()
}

inline refuse(w) {
  if
  :: at[w] == WAIT -> callState[w] = REFUSED
  :: else -> endCall(w)
  fi
}

proctype Heroku() {
end:
  do
  :: d_step { callState[0] == SENT -> apply(0, false) }
  :: d_step { callState[1] == SENT -> apply(1, false) }
  :: d_step { callState[0] == SENT && rollbacks > 0 && olderFirst == 0 -> apply(0, true) }
  :: d_step { callState[1] == SENT && rollbacks > 0 && olderFirst == 0 -> apply(1, true) }
  :: d_step { callState[0] == SENT && mayFail -> failed; refuse(0) }
  :: d_step { callState[1] == SENT && mayFail -> failed; refuse(1) }
  od
}

/* ---- The app, time, people, and what befalls the database ---- */

#define nobodyAtWork (at[0] == 0 && at[1] == 0 && callState[0] == 0 && callState[1] == 0)

proctype App() {
end:
  do
#ifdef FAULTS
  :: d_step { mayFail && !appFails -> failed; appFails = 1 }
#endif
  :: d_step { running != first && !appFails -> running = first
#ifdef NO_PRESENT_RELEASE
       ; seen = newer(seen, first)
#endif
  }
  :: d_step { rollbacks > 0 && (olderFirst != first || olderOther != other) ->
       rollbacks--; first = olderFirst; other = olderOther; running = first; rolledBack = 1;
       olderFirst = 0; olderOther = 0;
       /* A key that people take from the app themselves. */
       trueSecond = (trueSecond == first || trueSecond == other -> trueSecond : 0); configChanged() }
  od
}

/* A grace period, half a period and ten minutes are longer than any call, claim or look of doubt. */
proctype Time() {
end:
  do
#if defined(FAULTS) && !defined(NO_LEASE_END)
  :: d_step { lease == HELD && !valid[0] && !valid[1] -> lease = OVER }
  :: d_step { lease == HELD && (valid[0] || valid[1]) && mayFail -> failed; lease = OVER }
#elif !defined(FAULTS)
  :: d_step { lease == HELD -> lease = OVER }
#endif
  :: d_step { age == 0 && nobodyAtWork && (look == 0 || look == NOW) -> age = GRACE_OVER;
       if :: !lost && trueAge == 2 -> trueAge = 1 :: else fi }
  :: d_step { age == GRACE_OVER && dues > 0 && (callState[late] == 0 || at[late] == WAIT) &&
       (look == 0 || look == NOW) -> age = DUE; dues--; if :: !lost -> trueAge = 0 :: else fi }
#ifndef FAULTS
  :: d_step { age >= DUE && age < CEILING && nobodyAtWork -> age++ }
#endif
  :: d_step { (look == HOUR || look == SOON) && twoMinutesOn ->
       /* A look that finds what is expected changes nothing. */
       look = (published(first, other) && !foreign && looked -> 0 : NOW);
       doubtful = doubtful && look == NOW }
  /* The daily look. */
  :: d_step { look == 0 && !epochDue && (foreign -> published(first, other) : mayDiffer && (!asExpected || !looked)) -> look = NOW }
  od
}

#ifdef FAULTS
/* What time brings by itself, whatever else goes on. */
proctype Patience() {
end:
  do
#ifndef NO_CEILING
  :: d_step { age >= DUE && age < CEILING -> age++ }
  :: d_step { age < DUE && reason != 0 && appFails -> age = CEILING }
#endif
#ifndef NO_SLOW_LANE
  :: d_step { stuck -> attempts = 0 }
#endif
  od
}
#endif

proctype Person() {
end:
  do
  :: d_step { presses > 0 && reason == 0 ->
       presses--; lookAtEpoch(); reason = MANUAL; openedIn = epoch; resourceChanged();
       pressed = 1 }
  :: d_step { revokes > 0 ->
       revokes--; lookAtEpoch();
       last = everMade; revokedTo = newKey(last); leaked = revokedTo;
#ifndef NO_FRESH_KEYS
       pending = 0; filler = 0;
#endif
       attemptsEnd; heldBack = 0; reason = REVOKE; openedIn = epoch; resourceChanged(); pressed = 0;
       foreign = 0;
#ifndef NO_TAKEOVER
       takeFromWorkers(); lease = 0;
#endif
       /* What was decided before it is on nobody's conscience. */
       decisionsAreStale()
  }
  :: d_step { foreign && first != 0 && !revokedHere(first) && reason != REVOKE ->
       resourceChanged(); adoptPair(first, other) }
  od
}

#if RESTORE == WHOLE
#define mayRestore (phase == 1)
#elif RESTORE == TABLES
/* By hand, with the service stopped; what was due has been due for a while. */
#define mayRestore (phase == 1 && nobodyAtWork && oldAge >= DUE && current != oldCurrent)
#else
#define mayRestore (phase == 1 && nobodyAtWork && last > oldLast)
#endif

/* The dates come back too: a due date of the past may be at hand. */
inline restore(comesDue) {
  phase = 2; lost = (trueCurrent != oldCurrent);
#if RESTORE == ROW
  historyLast = last;
#endif
  current = oldCurrent; second = oldSecond; pending = oldPending; filler = oldFiller; last = oldLast;
  revokedTo = oldRevokedTo; reason = oldReason; age = (comesDue -> DUE : oldAge);
  openedIn = 0; foreign = 0; doubtful = 0; history = (1 << (last + 1)) - 1;
  if
  :: comesDue && !lost -> trueAge = 0
  :: else
  fi;
#if RESTORE == WHOLE
  epochDue = 1; looked = 0;
#elif RESTORE == TABLES
  age = CEILING;
#endif
#ifdef FENCES
  /* The claim of then is there again, and who held it goes on. */
  valid[0] = (itsFence[0] == 0); valid[1] = (itsFence[1] == 0); fence = 0;
  changed[0] = (at[0] != 0 && itsRevision[0] != 0); changed[1] = (at[1] != 0 && itsRevision[1] != 0); revision = 0;
  lease = (valid[0] || valid[1] -> HELD : 0);
#else
  takeFromWorkers(); lease = 0;
#endif
  highest = current; pressed = (reason == MANUAL);
  oldCurrent = 0; oldSecond = 0; oldPending = 0; oldFiller = 0; oldLast = 0; oldRevokedTo = 0; oldReason = 0;
  oldAge = 0;
  /* Its own look is there again: due within a day, and mostly due by now. */
  look = (RESTORE != WHOLE && mayDiffer -> NOW : 0);
  past[0] = (at[0] != 0 || callState[0] != 0); past[1] = (at[1] != 0 || callState[1] != 0);
  configChanged()
}

proctype Disaster() {
end:
  do
  :: d_step { phase == 0 && RESTORE != NEVER ->
       phase = 1; oldCurrent = current; oldSecond = second; oldPending = pending; oldFiller = filler; oldLast = last;
       oldRevokedTo = revokedTo; oldReason = reason; oldAge = age
#ifdef FENCES
       ; itsFence[0] = (valid[0] -> 0 : NONE); itsFence[1] = (valid[1] -> 0 : NONE);
       itsRevision[0] = (changed[0] -> NONE : 0); itsRevision[1] = (changed[1] -> NONE : 0)
#endif
  }
  :: d_step { mayRestore -> restore(0) }
  :: d_step { mayRestore && oldAge < DUE -> restore(1) }
  od
}

/* When nothing is under way and no look is due, Heroku and the database agree. */
#define quiet (nobodyAtWork && reason == 0 && filler == 0 && !rolledBack && looked && !epochDue)

proctype Monitor() {
end:
  do
  :: d_step { quiet && look < SOON && (isLeaked(first) || isLeaked(other)) -> mustNot(revoked_left, true) }
  :: d_step { quiet && look == 0 && !foreign && !published(first, other) -> mustNot(drift_left, true) }
  :: d_step { pressed && reason == 0 -> mustNot(request_lost, true) }
#ifndef FAULTS
  :: d_step { reason == REVOKE && ((valid[0] && doing[0] != REVOKE) || (valid[1] && doing[1] != REVOKE)) ->
       mustNot(revoke_waits, true) }
#endif
  od
}

init {
  atomic {
    run Worker(0);
#ifdef ZOMBIES
    run Worker(1);
#endif
    run Heroku(); run App(); run Time(); run Person(); run Disaster();
#ifdef FAULTS
    run Patience()
#else
    run Monitor()
#endif
  }
}
