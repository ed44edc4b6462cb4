/**
 * Layers, the token pyramid of deformable detectors and the parameter cursor. Only primitives that
 * several networks share; blocks live with their network.
 */
package dev.visionllm.nn;
