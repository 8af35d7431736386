/** The models a server answers with. */
package org.treepo4j.serve.models;
