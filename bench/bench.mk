# The benches, for the Makefile. Linux only: they read /proc and use strace,
# taskset and callgrind. BENCH_OPTIONS is passed on, e.g. --quick.

BENCH_WEIR := $(addprefix build/bench/,allocations timer_count timers-weir)
BENCH_PEERS := $(addprefix build/bench/timers-,libev libuv libevent)
BENCH_COMPILE = $(CC) $(BASE) $(CFLAGS) $(LDFLAGS)

LOAD_SOURCES := $(wildcard bench/load*.c) bench/client.c bench/measure.c
build/bench/load: $(LOAD_SOURCES) bench/load.h bench/client.h bench/measure.h \
  build/.flags
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(filter-out -MMD -MP,$(BENCH_COMPILE)) $(LOAD_SOURCES) -o $@

build/bench/script_start: bench/script_start.c
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(BENCH_COMPILE) $< -o $@

build/bench/user_clock.so: bench/user_clock.c
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(BENCH_COMPILE) -shared -fPIC $< -ldl -o $@

build/bench/timers-weir: bench/timers.c
$(filter-out %/timers-weir,$(BENCH_WEIR)): build/bench/%: bench/%.c
$(BENCH_WEIR): build/libweir.a | $(HEADERS)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(BENCH_COMPILE) $(filter %.c,$^) build/libweir.a $(LIBS) -o $@

# The same loops through another library. One that is not here is left out.
$(BENCH_PEERS): build/bench/timers-%: bench/timers.c bench/timers_%.h
	@mkdir -p $(@D)
	@if echo '#include <$(PEER_HEADER)>' | $(CC) -E -xc - >/dev/null 2>&1; then \
	  printf '%-4s %s\n' LD $@; \
	  $(BENCH_COMPILE) $(PEER_FLAGS) $< $(PEER_LIBS) -o $@; fi
build/bench/timers-libev: PEER_HEADER = ev.h
build/bench/timers-libev: PEER_FLAGS = -DBENCH_LIBEV
build/bench/timers-libev: PEER_LIBS = -lev -lm
build/bench/timers-libuv: PEER_HEADER = uv.h
build/bench/timers-libuv: PEER_FLAGS = -DBENCH_LIBUV
build/bench/timers-libuv: PEER_LIBS = -luv -lm -pthread
build/bench/timers-libevent: PEER_HEADER = event2/event.h
build/bench/timers-libevent: PEER_FLAGS = -DBENCH_LIBEVENT
build/bench/timers-libevent: PEER_LIBS = -levent_core

# The servers of bench/peers/. One whose library is not here is left out, as
# quietly; bench/run says so.
PEERS := $(addprefix build/bench/,hand-over $(addprefix peer-,raw weir libuv \
	libuv-expert libev libevent))
build/bench/peer-libuv build/bench/peer-libuv-expert: PEER_HEADER = uv.h
build/bench/peer-libuv build/bench/peer-libuv-expert: PEER_LIBS = -luv
build/bench/peer-libev: PEER_HEADER = ev.h
build/bench/peer-libev: PEER_LIBS = -lev -lm
build/bench/peer-libevent: PEER_HEADER = event2/event.h
build/bench/peer-libevent: PEER_LIBS = -levent
build/bench/peer-weir: PEER_LIBS = build/libweir.a $(LIBS)
build/bench/peer-weir: build/libweir.a | $(HEADERS)

build/bench/hand-over: bench/peers/hand_over.c
build/bench/peer-libuv-expert: bench/peers/libuv_expert.c
$(filter-out %/hand-over %/peer-libuv-expert,$(PEERS)): \
  build/bench/peer-%: bench/peers/%.c
$(PEERS): bench/peers/peer.c bench/peers/peer.h build/.flags
	@mkdir -p $(@D)
	@if [ -z '$(PEER_HEADER)' ] || echo '#include <$(PEER_HEADER)>' | \
	  $(CC) -E -xc - >/dev/null 2>&1; then \
	  printf '%-4s %s\n' LD $@; \
	  $(filter-out -MMD -MP,$(BENCH_COMPILE)) $(filter %.c,$^) $(PEER_LIBS) \
	    -o $@; fi

.PHONY: bench-deps bench-peers bench-peers-try
bench-deps:
	@CC='$(CC)' bench/deps
bench-peers: $(PEERS) $(if $(HAVE_JSC),build/weir)
bench-peers-try: bench-peers
	@bench/peers/try $(PEER_NAMES)

.PHONY: benches bench bench-check bench-record
benches: build/bench/load build/bench/user_clock.so build/bench/script_start \
	$(BENCH_WEIR) $(BENCH_PEERS) $(PEERS) $(if $(HAVE_JSC),build/weir)
bench: benches
	@bench/run $(BENCH_OPTIONS)
COUNTED := $(addprefix build/bench/,load peer-weir allocations timer_count) \
	$(if $(HAVE_JSC),build/weir)
bench-check: $(COUNTED)
	@CC='$(CC)' CFLAGS='$(CFLAGS)' bench/check
bench-record: $(COUNTED)
	@CC='$(CC)' CFLAGS='$(CFLAGS)' bench/check record
