/** VisionLLM v2 on the JVM. Code lives in the packages below this one; docs/map.md says which. */
package dev.visionllm;
