/*
 * task.c - deferred tasks
 */
#include "loop.h"

static void run(weir_loop *loop, struct weir_deferred *deferred)
{
    weir_task *task = weir_container_of(deferred, weir_task, deferred);

    weir_deactivate(loop, &task->flags);
    task->cb(task);
}

int weir_task_init(weir_task *task, weir_loop *loop, weir_task_cb *cb)
{
    if (!task || !loop || !cb)
        return -EINVAL;
    *task = (weir_task){ .data = task->data, .loop = loop, .cb = cb };
    task->deferred.run = run;
    return 0;
}

void weir_task_post(weir_task *task)
{
    if (weir_task_posted(task))
        return;
    weir_activate(task->loop, &task->flags);
    weir_defer(task->loop, &task->deferred);
}

void weir_task_cancel(weir_task *task)
{
    if (!weir_task_posted(task))
        return;
    weir_link_remove(&task->deferred.link);
    weir_deactivate(task->loop, &task->flags);
}

bool weir_task_posted(const weir_task *task)
{
    return weir_link_linked(&task->deferred.link);
}

void weir_task_ref(weir_task *task)
{
    weir_flags_ref(task->loop, &task->flags);
}

void weir_task_unref(weir_task *task)
{
    weir_flags_unref(task->loop, &task->flags);
}
