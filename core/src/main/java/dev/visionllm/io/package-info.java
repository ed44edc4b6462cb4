/** How files come to be; every package that writes some may use it. */
package dev.visionllm.io;
