/**
 * Data sets: the scene generator, readers and writers of the standard formats, templates; plain
 * Java, no tensors, no networks.
 */
package dev.visionllm.data;
