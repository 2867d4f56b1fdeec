/*
 * Functions that have a better one here. Include this last, after every system header, in each source file:
 *
 *     sprintf, vsprintf, strcpy, strcat    cv_snprintf(), struct cv_str
 *     strncpy, strncat                     cv_snprintf(): these two don't terminate, or count wrongly
 *     atoi, atol, atoll, atof              cv_parse_u64(), cv_parse_i64(): these have no errors
 *     strtok, gets, tmpnam, mktemp         none: hidden state, no bound, a race
 *     system, popen                        cv_process_start(): no shell
 *     alloca                               malloc: that can fail
 */
#ifndef CV_BANNED_H
#define CV_BANNED_H

#define CV_BANNED(function) sorry_##function##_is_banned_see_cv_banned_h

#undef sprintf
#define sprintf(...) CV_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) CV_BANNED(vsprintf)
#undef strcpy
#define strcpy(a, b) CV_BANNED(strcpy)
#undef strcat
#define strcat(a, b) CV_BANNED(strcat)
#undef strncpy
#define strncpy(a, b, n) CV_BANNED(strncpy)
#undef strncat
#define strncat(a, b, n) CV_BANNED(strncat)
#undef atoi
#define atoi(a) CV_BANNED(atoi)
#undef atol
#define atol(a) CV_BANNED(atol)
#undef atoll
#define atoll(a) CV_BANNED(atoll)
#undef atof
#define atof(a) CV_BANNED(atof)
#undef strtok
#define strtok(a, b) CV_BANNED(strtok)
#undef gets
#define gets(a) CV_BANNED(gets)
#undef tmpnam
#define tmpnam(a) CV_BANNED(tmpnam)
#undef mktemp
#define mktemp(a) CV_BANNED(mktemp)
#undef system
#define system(a) CV_BANNED(system)
#undef popen
#define popen(a, b) CV_BANNED(popen)
#undef alloca
#define alloca(a) CV_BANNED(alloca)

#endif
