/** Chat templates: conversations to the text that a model was taught to read. */
package io.akkord.model.chat;
