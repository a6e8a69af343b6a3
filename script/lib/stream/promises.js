// stream/promises: pipeline() and finished() as promises.

const { pipelinePromise } = require('internal/streams/pipeline');
const { finishedPromise } = require('internal/streams/end_of_stream');

module.exports = { finished: finishedPromise, pipeline: pipelinePromise };
