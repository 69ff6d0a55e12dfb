/* What anybody may send to port 80. */
#include <stdint.h>
#include <stdlib.h>

#include "agent/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *text = (const char *)data;
	struct request request = { 0 };
	unsigned status;

	if (len > REQUEST_MAX_BYTES)
		return 0;
	status = request_parse(text, len, &request);
	require(status == 0 || status == 200 || status == 400 || status == 405 || status == 431);
	require(status != 0 || len < REQUEST_MAX_BYTES);
	if (status == 200) {
		require(request.path >= text && request.path_len > 0 && *request.path == '/');
		require(request.path + request.path_len < text + len);
	}
	return 0;
}
