/**
 * Metrics: predictions and truths in as plain records, numbers out; every number equals that of the
 * reference named in its class. Suites, which run a model over a data set, are the only class here
 * that knows models.
 */
package dev.visionllm.eval;
