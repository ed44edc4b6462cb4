/**
 * Metrics: predictions and truths in as plain records, numbers out. Models are not run here; every
 * number equals that of the reference named in its class.
 */
package dev.visionllm.eval;
