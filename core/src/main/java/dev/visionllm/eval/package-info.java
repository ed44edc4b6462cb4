/**
 * Metrics: predictions and truths in as plain records, numbers out; every number equals that of the
 * reference named in its class. Suites run a model over a data folder and score what it gives; only
 * LoadedModel knows models.
 */
package dev.visionllm.eval;
