/*
 * bindings.h - all that JavaScript finds in `binding`
 */
#ifndef WEIR_SCRIPT_BINDINGS_H
#define WEIR_SCRIPT_BINDINGS_H

#include "script/host/engine.h"

/* Each is described in its own file. */
extern const script_binding script_bindings[];
extern const size_t script_binding_count;

void script_bind_util(script *s, JSObjectRef target);
void script_bind_buffer(script *s, JSObjectRef target);
void script_bind_loader(script *s, JSObjectRef target);
void script_bind_fs(script *s, JSObjectRef target);
void script_bind_process(script *s, JSObjectRef target);
void script_bind_stdio(script *s, JSObjectRef target);
void script_bind_timers(script *s, JSObjectRef target);
void script_bind_net(script *s, JSObjectRef target);
void script_bind_dns(script *s, JSObjectRef target);
void script_bind_titanium(script *s, JSObjectRef target);

void script_unbind_process(script *s);
void script_unbind_stdio(script *s);
void script_unbind_timers(script *s);
void script_unbind_net(script *s);
void script_unbind_dns(script *s);

#endif
