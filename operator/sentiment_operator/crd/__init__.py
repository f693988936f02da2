"""The API as CustomResourceDefinitions: generated, so that neither can drift from the other. It knows no cluster."""
