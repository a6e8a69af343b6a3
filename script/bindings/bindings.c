/*
 * bindings.c - the table of bindings
 *
 * They are given back in this order: sockets first, that nothing which happens
 * to them on the way reaches the others.
 */
#include "bindings.h"

const script_binding script_bindings[] = {
    { "core", script_bind_core, script_unbind_core },
    { "util", script_bind_util, NULL },
    { "buffer", script_bind_buffer, NULL },
    { "loader", script_bind_loader, NULL },
    { "fs", script_bind_fs, NULL },
    { "net", script_bind_net, script_unbind_net },
    { "dns", script_bind_dns, script_unbind_dns },
    { "process", script_bind_process, script_unbind_process },
    { "stdio", script_bind_stdio, script_unbind_stdio },
    { "timers", script_bind_timers, script_unbind_timers },
    { "titanium", script_bind_titanium, NULL },
};

const size_t script_binding_count = SCRIPT_COUNT(script_bindings);
