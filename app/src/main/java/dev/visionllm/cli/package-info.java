/** The command line: picocli commands, printing and exit codes. No model code. */
package dev.visionllm.cli;
