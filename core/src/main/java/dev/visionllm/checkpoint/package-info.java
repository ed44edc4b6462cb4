/** Checkpoints as files: readers, writers and initialisers behind Params.Source. No networks. */
package dev.visionllm.checkpoint;
