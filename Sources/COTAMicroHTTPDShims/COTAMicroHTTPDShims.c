#include "COTAMicroHTTPDShims.h"
