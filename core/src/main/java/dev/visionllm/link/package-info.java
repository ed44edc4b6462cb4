/**
 * The super-link: routing tokens, the queries bound to them, and the hidden states that a decoder
 * receives. Tools are data; no decoder is known here.
 */
package dev.visionllm.link;
