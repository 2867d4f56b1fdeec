/* What the tests of supervised containers' clients share. */
#ifndef CLIENTS_H
#define CLIENTS_H

#include <stdbool.h>

#include "suite.h"

enum { ID_SIZE = 65, TEXT_MAX = 65536 };

/* `sh -c script`, supervised (CV_SUPERVISED_*), its root a layer of its own on the suite's. */
struct containerv_container* clients_make(const char* script, uint32_t flags);
/* The same with all that can be said; its size is set here. */
struct containerv_container* clients_make_with(const char* script, const struct containerv_supervision* supervision);

struct containerv_container* clients_open(const char* id);
void                         clients_id(const struct containerv_container* container, char id[ID_SIZE]);
uint32_t                     clients_state(struct containerv_container* container);
bool                         clients_listed(const char* id);
int                          clients_wait(struct containerv_container* container); /* its exit code */

/* Returns when something is in its log. */
void clients_first_line(struct containerv_container* container);

/* All of the log, from its begin until its end, as text (TEXT_MAX bytes). Returns how many bytes that were. */
size_t clients_log(struct containerv_container* container, char* text);

/* Run `run` in a child, which fails by returning false. */
void clients_in_child(bool (*run)(const char* id), const char* id);
int  clients_fork(bool (*run)(const char* id), const char* id); /* its process number, for clients_reap() */
void clients_reap(int pid);

#endif
